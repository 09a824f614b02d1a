import Foundation
public import RunModel

/// `node.json`: how a sidecar lies on disk.
public enum SidecarFile {
    /// The file's name in a node's directory.
    public static let name = "node.json"

    /// Writes `sidecar` to the node's directory. A reader, or a crash, meets the old file or the new one, never a part.
    public static func write(_ sidecar: Sidecar, in directory: String) throws(RecorderError) {
        let path = directory + "/" + name
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            var data = try encoder.encode(sidecar)
            data.append(UInt8(ascii: "\n"))
            try data.write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw .cannotWriteSidecar(path: path, reason: error.localizedDescription)
        }
    }
}
