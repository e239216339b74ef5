// swift-tools-version: 6.2
// The targets and the arrows between them are the table of Docs/architecture.md; an import points only upwards in this list.
import PackageDescription

/// Targets that also compile as Embedded Swift: an existential or an untyped throw in them is an error, not a warning.
let onChip: [SwiftSetting] = [.treatWarning("EmbeddedRestrictions", as: .error)]

/// Where a libgpiod other than the system's is (with `include` and `lib`): the shim is written for 1.6 and 2.
let gpiodFolder = Context.environment["ETALON_GPIOD"]

let package = Package(
  name: "etalon",
  products: [
    .library(name: "EtalonMetrology", targets: ["EtalonMetrology"]),
    .library(name: "EtalonCore", targets: ["EtalonCore"]),
    .library(name: "EtalonSensors", targets: ["EtalonSensors"]),
    .library(name: "EtalonUncertainty", targets: ["EtalonUncertainty"]),
    .library(name: "EtalonSim", targets: ["EtalonSim"]),
    .library(name: "EtalonLinux", targets: ["EtalonLinux"]),
    .library(name: "EtalonLedger", targets: ["EtalonLedger"]),
    .library(name: "EtalonSession", targets: ["EtalonSession"]),
    .library(name: "EtalonTesting", targets: ["EtalonTesting"]),
    .executable(name: "etalon", targets: ["etalon"]),
    .executable(name: "reference-check", targets: ["reference-check"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .target(name: "EtalonMetrology", swiftSettings: onChip),
    .target(name: "EtalonCore", dependencies: ["EtalonMetrology"], swiftSettings: onChip),
    .target(name: "EtalonSensors", dependencies: ["EtalonCore", "EtalonMetrology"], swiftSettings: onChip),
    .target(name: "EtalonUncertainty", dependencies: ["EtalonMetrology"]),
    .target(name: "EtalonSim", dependencies: ["EtalonCore", "EtalonMetrology"]),
    .target(name: "CEtalonLinux"),
    .systemLibrary(name: "CSerialPort", pkgConfig: "libserialport", providers: [.apt(["libserialport-dev"])]),
    .target(
      name: "CEtalonGPIO", cSettings: gpiodFolder.map { [.unsafeFlags(["-I\($0)/include"])] } ?? [],
      // By its path: other libraries bring the system's folder, which would be searched first.
      linkerSettings: gpiodFolder.map {
        [.unsafeFlags(["-Xlinker", "\($0)/lib/libgpiod.so", "-Xlinker", "-rpath=\($0)/lib"])]
      } ?? [.linkedLibrary("gpiod")]),
    .target(
      name: "EtalonLinux",
      dependencies: ["CEtalonGPIO", "CEtalonLinux", "CSerialPort", "EtalonCore", "EtalonMetrology"]),
    .target(
      name: "EtalonLedger",
      dependencies: ["EtalonMetrology", .product(name: "Crypto", package: "swift-crypto")]),
    .target(
      name: "EtalonSession",
      dependencies: [
        "EtalonCore", "EtalonLedger", "EtalonMetrology", "EtalonSensors", "EtalonUncertainty",
        .product(name: "Yams", package: "Yams"),
      ]),
    .target(
      name: "EtalonTesting",
      dependencies: ["EtalonCore", "EtalonLedger", "EtalonMetrology", "EtalonSession", "EtalonSim"]),
    .executableTarget(
      name: "etalon",
      dependencies: [
        "EtalonCore", "EtalonLedger", "EtalonLinux", "EtalonMetrology", "EtalonSession", "EtalonSim", "EtalonTesting",
        "EtalonUncertainty",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(name: "reference-check", dependencies: ["EtalonMetrology", "EtalonUncertainty"]),

    .testTarget(name: "EtalonMetrologyTests", dependencies: ["EtalonMetrology"]),
    .testTarget(name: "EtalonCoreTests", dependencies: ["EtalonCore", "EtalonMetrology"]),
    .testTarget(
      name: "EtalonSensorsTests", dependencies: ["EtalonSensors", "EtalonCore", "EtalonSim", "EtalonMetrology"]),
    .testTarget(name: "EtalonUncertaintyTests", dependencies: ["EtalonUncertainty", "EtalonMetrology"]),
    .testTarget(name: "ReferenceCheckTests", dependencies: ["reference-check"]),
    .testTarget(name: "EtalonCommandTests", dependencies: ["etalon"]),
    .testTarget(name: "EtalonProgramTests", dependencies: ["EtalonLedger"], exclude: ["Judges"]),
    .testTarget(name: "EtalonSimTests", dependencies: ["EtalonSim", "EtalonCore", "EtalonMetrology"]),
    .testTarget(
      name: "EtalonLinuxTests", dependencies: ["EtalonLinux", "CEtalonLinux", "EtalonCore", "EtalonMetrology"]),
    .testTarget(
      name: "EtalonHardwareTests",
      dependencies: [
        "EtalonLinux", "CEtalonLinux", "CSerialPort", "EtalonCore", "EtalonMetrology", "EtalonLedger", "EtalonSession",
        "EtalonSim", "EtalonTesting",
      ]),
    .testTarget(name: "EtalonLedgerTests", dependencies: ["EtalonLedger", "EtalonMetrology"]),
    .testTarget(name: "EtalonSessionTests", dependencies: ["EtalonSession", "EtalonMetrology", "EtalonCore"]),
    .testTarget(
      name: "EtalonScenarioTests",
      dependencies: [
        "EtalonTesting", "EtalonSession", "EtalonSim", "EtalonCore", "EtalonLedger", "EtalonMetrology",
        "EtalonUncertainty",
      ]),
    .testTarget(name: "RepositoryTests"),
  ]
)

// A warning in our own code is an error in every build; those of other packages are not ours to judge.
for target in package.targets where !["CEtalonLinux", "CEtalonGPIO"].contains(target.name) && target.type != .system {
  target.swiftSettings = [.treatAllWarnings(as: .error)] + (target.swiftSettings ?? [])
}
