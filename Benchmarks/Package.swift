// swift-tools-version: 6.2
// Benchmarks are a package of their own, so that whoever depends on Etalon does not build them. `scripts/bench` runs them.
import PackageDescription

let package = Package(
  name: "etalon-benchmarks",
  dependencies: [.package(name: "etalon", path: "..")],
  targets: [
    .target(name: "CAllocationCounter"),
    .target(name: "CLockCounter"),
    // The peer is compiled as hard as a peer deserves, and without contraction, which would change its last bits.
    .target(
      name: "CLoopTwin", cxxSettings: [.unsafeFlags(["-O3", "-ffp-contract=off", "-fno-exceptions", "-DNDEBUG"])]),
    .executableTarget(
      name: "loop",
      dependencies: [
        "CAllocationCounter", "CLoopTwin", .product(name: "EtalonCore", package: "etalon"),
        .product(name: "EtalonMetrology", package: "etalon"),
      ]),
    .executableTarget(
      name: "allocations",
      dependencies: [
        "CAllocationCounter", .product(name: "EtalonCore", package: "etalon"),
        .product(name: "EtalonMetrology", package: "etalon"),
      ]),
    .target(name: "CSerialRounds"),
    .executableTarget(
      name: "serial-rounds",
      dependencies: [
        "CSerialRounds", .product(name: "EtalonCore", package: "etalon"),
        .product(name: "EtalonLinux", package: "etalon"),
      ]),
    .executableTarget(
      name: "lateness",
      dependencies: [
        "CAllocationCounter", "CLockCounter", .product(name: "EtalonCore", package: "etalon"),
        .product(name: "EtalonLedger", package: "etalon"), .product(name: "EtalonLinux", package: "etalon"),
        .product(name: "EtalonSession", package: "etalon"),
      ]),
    // As a peer would be built; no fused multiply-add, so that the states can be compared bit for bit.
    .target(name: "CCalibrationTwin", cSettings: [.unsafeFlags(["-O3", "-ffp-contract=off"])]),
    .executableTarget(
      name: "calibration",
      dependencies: [
        "CCalibrationTwin", .product(name: "EtalonCore", package: "etalon"),
        .product(name: "EtalonMetrology", package: "etalon"),
      ],
      linkerSettings: [.linkedLibrary("m")]),
    .executableTarget(
      name: "metrology",
      dependencies: [
        .product(name: "EtalonMetrology", package: "etalon"), .product(name: "EtalonUncertainty", package: "etalon"),
      ],
      // The engine imports no Foundation, which would bring the mathematics library along.
      linkerSettings: [.linkedLibrary("m")]),
  ]
)
