import Foundation
public import RunModel

/// A run directory: one sub-directory for each recorded node, and the index.
public struct RunDirectory: Sendable {
    /// Where it is: absolute, without symbolic links, so that one run has one path however it is named.
    public let path: String

    /// The run directory at `path`.
    public init(path: String) { self.path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path }

    /// Where the index lives; everything in it can be rebuilt.
    public var indexDirectory: String { path + "/.ridealong" }
    /// The index's database.
    public var indexFile: String { indexDirectory + "/index.sqlite" }

    /// The file of what a replay of a node has captured, by its name (`IndexedNode.captureName`).
    public func captureFile(_ name: String) -> String { indexDirectory + "/captures/" + name }

    /// Whether there is an index, of whatever format.
    public var isIndexed: Bool { FileManager.default.fileExists(atPath: indexFile) }

    /// How the index writes the path of a trace: relative to the run where the trace is part of it, so that a run can be moved.
    func stored(_ tracePath: String) -> String {
        tracePath.hasPrefix(path + "/") ? String(tracePath.dropFirst(path.count + 1)) : tracePath
    }

    /// The path of a trace, as the index writes it.
    func tracePath(stored: String) -> String { stored.hasPrefix("/") ? stored : path + "/" + stored }

    /// A node as it lies on disk.
    public struct Node: Hashable, Sendable {
        /// Its name.
        public var name: String
        /// The directory of its trace.
        public var tracePath: String
        /// Its sidecar, if there is one that can be read.
        public var sidecar: Sidecar?
        /// Why a sidecar that is there cannot be read.
        public var sidecarProblem: String?
        /// Changes whenever the trace or the sidecar does.
        public var fingerprint: String
    }

    /// The nodes of the run: every sub-directory that holds a trace or a sidecar, by name. Other directories are no nodes.
    ///
    /// - Throws: `IndexError.file` if the run directory cannot be listed.
    public func nodes() throws(IndexError) -> [Node] {
        try checkDirectory()
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw .file(path: path, message: "cannot be listed: \(error.localizedDescription)")
        }
        return names.sorted().compactMap { name in
            guard !name.hasPrefix(".") else { return nil }
            return Self.node(name: name, directory: path + "/" + name)
        }
    }

    /// Checks that the run directory is one that can be listed.
    ///
    /// - Throws: `IndexError.file` if it is not.
    func checkDirectory() throws(IndexError) {
        guard let directory = opendir(path) else { throw .file(path: path, message: String(cString: strerror(errno))) }
        closedir(directory)
    }

    /// A trace that lies elsewhere (`TRACE`, or `NODE/trace` with its sidecar), named after its directory.
    ///
    /// - Throws: `IndexError.file` if there is no trace.
    public static func node(at argument: String) throws(IndexError) -> Node {
        let url = URL(fileURLWithPath: argument).resolvingSymlinksInPath()
        if let node = node(name: url.lastPathComponent, directory: url.path) { return node }
        guard isTrace(url.path) else { throw .file(path: argument, message: "is no rr trace: it has neither `version` nor `incomplete`") }
        if url.lastPathComponent == "trace" {
            let parent = url.deletingLastPathComponent()
            if let node = node(name: parent.lastPathComponent, directory: parent.path) { return node }
        }
        return Node(name: url.lastPathComponent, tracePath: url.path, fingerprint: fingerprint(of: [url.path]))
    }

    private static func node(name: String, directory: String) -> Node? {
        let trace = directory + "/trace"
        let sidecarPath = directory + "/node.json"
        guard isTrace(trace) || access(sidecarPath, F_OK) == 0 else { return nil }
        var node = Node(name: name, tracePath: trace, fingerprint: fingerprint(of: [trace, sidecarPath]))
        guard let data = FileManager.default.contents(atPath: sidecarPath) else { return node }
        do {
            node.sidecar = try JSONDecoder().decode(Sidecar.self, from: data)
        } catch {
            node.sidecarProblem = "\(sidecarPath): \(error)"
        }
        return node
    }

    /// Whether `path` is a trace, or may be one that is not ours to look into: it must not be passed over in silence.
    private static func isTrace(_ path: String) -> Bool {
        ["version", "incomplete"].contains { access(path + "/" + $0, F_OK) == 0 || errno == EACCES } && access(path, F_OK) == 0
    }

    /// Sizes, inodes and modification times of the files that matter.
    private static func fingerprint(of paths: [String]) -> String {
        let files = paths.flatMap { path in
            path.hasSuffix(".json") ? [path] : ["version", "incomplete", "events", "data", "tasks"].map { path + "/" + $0 }
        }
        return files.map { file in
            var status = stat()
            guard stat(file, &status) == 0 else { return "-" }
            return "\(status.st_ino):\(status.st_size):\(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
        }.joined(separator: " ")
    }
}
