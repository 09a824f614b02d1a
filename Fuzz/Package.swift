// swift-tools-version: 6.2
import PackageDescription

/// The fuzzers of all that reads traces and captures: one program for each way in. `make fuzz` builds and runs them.
///
/// A package of their own, because everything in it is built with libFuzzer, which brings its own `main`.
let settings: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error), .unsafeFlags(["-parse-as-library"])]

/// A program that fuzzes one way in.
func fuzzer(_ name: String, of products: String...) -> Target {
    .executableTarget(
        name: name, dependencies: ["FuzzSupport"] + products.map { .product(name: $0, package: "ridealong") }, swiftSettings: settings)
}

let package = Package(
    name: "fuzz",
    dependencies: [.package(name: "ridealong", path: "..")],
    targets: [
        // TraceWriting in it is that of the tests: it makes the seeds.
        .target(name: "FuzzSupport", swiftSettings: settings),
        fuzzer("header", of: "RRTrace"),
        fuzzer("messages", of: "RRTrace"),
        fuzzer("chunks", of: "RRTrace"),
        fuzzer("frames", of: "RRTrace"),
        fuzzer("calls", of: "Capture"),
        fuzzer("meaning", of: "RRTrace", "Indexing", "Capture"),
    ]
)
