/// What runs inside gdb, in its Python.
package enum GDBScript {
    /// A script with what all of ours have in common before it.
    package static func text(with script: [UInt8]) -> String { String(decoding: PackageResources.script_py + script, as: UTF8.self) }
}
