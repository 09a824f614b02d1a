// swift-tools-version: 6.2
import PackageDescription

/// The settings of every target: Swift 6 mode, the upcoming features, and no warning left standing.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// A module of the program; `imports` is the whole list of what it may see (a test holds it to that).
func module(
    _ name: String, imports: [Target.Dependency], extra: [SwiftSetting] = [], resources: [Resource] = []
) -> Target {
    .target(name: name, dependencies: imports, resources: resources, swiftSettings: settings + extra)
}

/// Tests of a module, or of the whole program.
func tests(_ name: String, of imports: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: ["TestSupport"] + imports, swiftSettings: settings)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
    name: "ridealong",
    products: [
        .executable(name: "ridealong", targets: ["ridealong"]),
        .library(name: "RRTrace", targets: ["RRTrace"]),
        .library(name: "Capture", targets: ["Capture"]),
        .library(name: "Indexing", targets: ["RunModel", "Endpoints", "Matching", "Causality", "RunStore", "Indexer", "Calls"]),
        .library(name: "Replaying", targets: ["Recorder", "Replay"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .systemLibrary(name: "CBrotli", pkgConfig: "libbrotlidec", providers: [.apt(["libbrotli-dev"])]),
        .target(name: "CLinux"),

        // From the trace to the answer, in the order in which data flows.
        module("RunModel", imports: []),
        module("RRTrace", imports: ["CBrotli"], extra: [.strictMemorySafety()]),
        module("Capture", imports: ["RRTrace"]),
        module("Endpoints", imports: ["RunModel", "RRTrace", "Capture"]),
        module("Matching", imports: ["RunModel"]),
        module("Causality", imports: ["RunModel"]),
        module("RunStore", imports: ["RunModel", grdb]),

        // Driving rr: recording and replaying.
        module("Recorder", imports: ["RunModel", "CLinux", system, yams]),
        module(
            "Replay", imports: ["RunModel", "RRTrace", "Capture", "Recorder", system],
            resources: [.embedInCode("landing.py"), .embedInCode("script.py")]),

        module("Indexer", imports: ["RunModel", "RRTrace", "Capture", "Endpoints", "Matching", "Causality", "RunStore", "Replay"]),

        // The calls of the nodes, in the manner of strace.
        module("Calls", imports: ["RunModel", "RRTrace", "Capture", "Endpoints", "RunStore"]),

        // All processes of a run under one gdb.
        module(
            "Debugger", imports: ["RunModel", "RRTrace", "RunStore", "Recorder", "Replay", "Indexer", system],
            resources: [.embedInCode("debugger.py")]),

        // What leaves Ridealong: pictures.
        module("Export", imports: ["RunModel", "RunStore"]),

        .executableTarget(
            name: "ridealong",
            dependencies: [
                "CLinux", "RunModel", "RRTrace", "Endpoints", "Matching", "Causality", "RunStore", "Indexer", "Recorder", "Replay", "Calls",
                "Debugger", "Export",
                argumentParser,
            ],
            swiftSettings: settings),

        .target(name: "TestSupport", dependencies: ["RunModel", "RRTrace", "Capture"], path: "Tests/TestSupport", swiftSettings: settings),
        tests("RunModelTests", of: ["RunModel"]),
        tests("RRTraceTests", of: ["RRTrace"]),
        tests("CaptureTests", of: ["Capture", "RRTrace", "Recorder", "Replay", "RunModel"]),
        tests("EndpointsTests", of: ["RunModel", "RRTrace", "Capture", "Endpoints"]),
        tests("RunStoreTests", of: ["RunModel", "RunStore"]),
        tests("MatchingTests", of: ["RunModel", "Matching"]),
        tests("CausalityTests", of: ["RunModel", "Matching", "Causality", "RunStore", "Indexer"]),
        tests("RecorderTests", of: ["Recorder", "RunModel", system]),
        tests("ReplayTests", of: ["Replay", "Recorder", "RRTrace", "Indexer", "RunModel"]),
        tests("CallsTests", of: ["RunModel", "RRTrace", "Capture", "RunStore", "Calls"]),
        tests("ExportTests", of: ["RunModel", "RunStore", "Export"]),
        tests("GoldenTests", of: []),
        tests("TidyTests", of: []),
        tests("RecordedTests", of: ["Recorder", "RunModel"]),
    ]
)
