import Foundation
public import RunModel
import SystemPackage

/// `node.json`: how a sidecar lies on disk.
public enum SidecarFile {
    /// The file's name in a node's directory.
    public static let name = "node.json"
    /// The largest file that is read, in bytes.
    public static let sizeLimit = 64 << 20

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

    /// Reads the sidecar of the node in `directory`; `nil` if it has none.
    public static func read(in directory: String) throws(RecorderError) -> Sidecar? {
        let path = directory + "/" + name
        do {
            let file = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
            return try file.closeAfter {
                let data = try FileHandle(fileDescriptor: file.rawValue).read(upToCount: sizeLimit)
                return try JSONDecoder().decode(Sidecar.self, from: data ?? Data())
            }
        } catch Errno.noSuchFileOrDirectory {
            return nil
        } catch {
            throw .unreadableSidecar(path: path, reason: "\(error)")
        }
    }
}
