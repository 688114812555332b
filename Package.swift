// swift-tools-version: 6.2
import PackageDescription

/// The language module stays in the safe subset of Swift: any unsafe construct in it is an error.
let safe: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatWarning("StrictMemorySafety", as: .error),
]

/// The engine and WASI reach a few C functions that the platform module does not show.
let engine: [SwiftSetting] = [
  .enableExperimentalFeature("Extern"),
  .enableExperimentalFeature("Lifetimes"),
]

let package = Package(
  name: "polymnia",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "WebAssembly", targets: ["WebAssembly"]),
    .library(name: "WasmEngine", targets: ["WasmEngine"]),
    .library(name: "WASI", targets: ["WASI"]),
    .executable(name: "polymnia", targets: ["polymnia"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")
  ],
  targets: [
    .target(name: "WebAssembly", swiftSettings: safe),
    .target(name: "WasmEngine", dependencies: ["WebAssembly"], swiftSettings: engine),
    .target(name: "WASI", dependencies: ["WasmEngine"], swiftSettings: engine),
    .target(name: "WastRunner", dependencies: ["WebAssembly", "WasmEngine"]),
    .executableTarget(
      name: "polymnia",
      dependencies: [
        "WebAssembly", "WasmEngine", "WASI", "WastRunner",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "polymnia-fuzz",
      dependencies: [
        "WebAssembly", "WasmEngine", "WASI", "WastRunner",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/Fuzz", exclude: ["Finds", "Scripts"]),
    .executableTarget(
      name: "polymnia-bench",
      dependencies: [
        "WasmEngine",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Benchmarks/Driver"),
    .testTarget(name: "WebAssemblyTests", dependencies: ["WebAssembly"], exclude: ["Golden"]),
    .testTarget(
      name: "WasmEngineTests", dependencies: ["WasmEngine", "polymnia-fuzz"], exclude: ["Golden"]),
    .testTarget(name: "WASITests", dependencies: ["WASI"]),
    .testTarget(name: "WastRunnerTests", dependencies: ["WastRunner"]),
    .testTarget(name: "PolymniaTests", dependencies: ["polymnia", "WasmEngine"], exclude: ["Bindings", "Golden"]),
  ],
  swiftLanguageModes: [.v6]
)
