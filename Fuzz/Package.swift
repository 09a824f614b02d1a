// swift-tools-version: 6.2
import PackageDescription

/// The fuzzers of RRTrace and Capture: one program for each way in. `make fuzz` builds and runs them.
///
/// A package of their own, because everything in it is built with libFuzzer, which brings its own `main`.
let settings: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error), .unsafeFlags(["-parse-as-library"])]

/// A program that fuzzes one way in.
func fuzzer(_ name: String, of product: String = "RRTrace") -> Target {
    .executableTarget(
        name: name, dependencies: ["FuzzSupport", .product(name: product, package: "ridealong")], swiftSettings: settings)
}

let package = Package(
    name: "fuzz",
    dependencies: [.package(name: "ridealong", path: "..")],
    targets: [
        // TraceWriting in it is that of the tests: it makes the seeds.
        .target(name: "FuzzSupport", swiftSettings: settings),
        fuzzer("header"),
        fuzzer("messages"),
        fuzzer("chunks"),
        fuzzer("frames"),
        fuzzer("calls", of: "Capture"),
    ]
)
