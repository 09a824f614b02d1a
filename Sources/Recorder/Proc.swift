import SystemPackage

#if canImport(Glibc)
    import Glibc
#endif

/// Small text files of `/proc` and `/sys`.
enum Proc {
    /// How much of a file is read; only `/proc/net/nf_conntrack` may be longer.
    static let sizeLimit = 1 << 20

    /// The text of the file `path`, up to the limit; `nil` if it cannot be read.
    static func text(_ path: String) -> String? { bytes(path).map { String(decoding: $0, as: UTF8.self) } }

    /// The bytes of the file `path`, up to the limit or a block more; `nil` if it cannot be read: `errno` says why.
    static func bytes(_ path: String) -> [UInt8]? {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return nil }
        defer { close(fd) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 14)
        while bytes.count < sizeLimit {
            let count = read(fd, &block, block.count)
            guard count >= 0 else { return nil }
            guard count > 0 else { break }
            bytes += block[..<count]
        }
        return bytes
    }

    /// The text of the file `path` without the line break at its end.
    static func line(_ path: String) -> String? {
        text(path).map { $0.hasSuffix("\n") ? String($0.dropLast()) : $0 }
    }

    /// The lines of the file `path`.
    static func lines(_ path: String) -> [Substring]? {
        text(path)?.split(separator: "\n")
    }

    /// What the symbolic link `path` points to.
    static func link(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { $0.baseAddress.map { readlink(path, $0, bytes.count) } ?? -1 }
        }
        return count >= 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}

extension Proc {
    /// The names in the directory `path`, without `.` and `..`; none if it cannot be read.
    static func entries(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// A thread of a process.
    struct Task {
        let process: pid_t
        let thread: pid_t
    }

    /// All threads of all processes that descend from `ancestor`, without its own.
    static func tasks(under ancestor: pid_t) -> [Task] {
        var tasks: [Task] = []
        var open = children(of: ancestor)
        var seen: Set<pid_t> = [ancestor]
        while let process = open.popLast() {
            // Ids are given again while we look.
            guard seen.insert(process).inserted else { continue }
            tasks += threads(of: process).map { Task(process: process, thread: $0) }
            open += children(of: process)
        }
        return tasks
    }

    private static func threads(of process: pid_t) -> [pid_t] { entries("/proc/\(process)/task").compactMap { pid_t($0) } }

    private static func children(of process: pid_t) -> [pid_t] {
        threads(of: process).flatMap { children(of: Task(process: process, thread: $0)) }
    }

    /// The processes that a thread has started, the first one first; none if it is gone, or the kernel does not tell.
    static func children(of task: Task) -> [pid_t] {
        text("/proc/\(task.process)/task/\(task.thread)/children")?.split { $0 == " " }.compactMap { pid_t($0) } ?? []
    }
}
