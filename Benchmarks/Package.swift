// swift-tools-version: 6.2
import PackageDescription

/// What Ridealong promises about speed, measured. `make bench` records the trace, builds and runs this.
let package = Package(
    name: "benchmarks",
    dependencies: [.package(name: "ridealong", path: "..")],
    targets: [
        .systemLibrary(name: "CInflate", pkgConfig: "libbrotlidec", providers: [.apt(["libbrotli-dev"])]),
        .executableTarget(
            name: "bench",
            dependencies: [
                "CInflate", .product(name: "RRTrace", package: "ridealong"), .product(name: "Capture", package: "ridealong"),
                .product(name: "Indexing", package: "ridealong"), .product(name: "Replaying", package: "ridealong"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
    ]
)
