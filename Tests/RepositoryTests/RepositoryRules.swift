import Foundation

/// The rules of `Docs/architecture.md` that the compiler does not enforce, each a pure function of files.
enum RepositoryRules {
  /// Modules that must not be imported, by target.
  static let forbiddenImports: [String: Set<String>] = {
    let hosted: Set<String> = [
      "Foundation", "FoundationEssentials", "Glibc", "Musl", "Darwin", "Dispatch", "Synchronization",
    ]
    let outer: Set<String> = [
      "EtalonLedger", "EtalonLinux", "EtalonSession", "EtalonSim", "EtalonTesting", "EtalonUncertainty",
    ]
    return [
      "EtalonMetrology": hosted.union(outer).union(["EtalonCore", "EtalonSensors"]),
      "EtalonCore": hosted.union(outer).union(["EtalonSensors"]),
      "EtalonSensors": hosted.union(outer),
      "EtalonUncertainty": outer.subtracting(["EtalonUncertainty"]).union(["EtalonCore", "EtalonSensors"]),
      "EtalonSim": outer.subtracting(["EtalonSim"]).union(["EtalonSensors"]),
      "EtalonLinux": outer.subtracting(["EtalonLinux"]).union(["EtalonSensors"]),
      "EtalonSession": ["EtalonLinux", "EtalonSim", "EtalonTesting"],
      "EtalonTesting": ["EtalonLinux"],
    ]
  }()

  /// Imports against the direction of the targets.
  static func importViolations(_ files: [SourceFile]) -> [String] {
    files.flatMap { file -> [String] in
      let folders = file.path.split(separator: "/")
      guard folders.count > 2, folders[0] == "Sources", let forbidden = forbiddenImports[String(folders[1])] else {
        return []
      }
      return file.imports.filter { forbidden.contains($0) }.map { "\(file.path): imports \($0)" }
    }
  }

  /// Faults thrown away, and places left unfinished.
  static func unfinishedViolations(_ files: [SourceFile]) -> [String] {
    files.flatMap { file -> [String] in
      var violations: [String] = []
      if file.code.contains(#/\btry\?/#) {
        violations.append("\(file.path): throws a fault away with 'try?'")
      }
      let words = file.text.utf8.split { !(0x41...0x5A).contains($0) && !(0x61...0x7A).contains($0) }
      for mark in ["TODO", "FIXME", "XXX"] {
        if words.contains(where: { $0.elementsEqual(mark.utf8) }) {
          violations.append("\(file.path): has the mark '\(mark)'")
        }
      }
      return violations
    }
  }

  /// Drivers without their twin, test or catalogue line.
  ///
  /// `paths` are all files of the repository; `catalogue` is the text of `SensorCatalogue.swift`.
  static func driverViolations(paths: Set<String>, catalogue: SourceFile) -> [String] {
    let folder = "Sources/EtalonSensors/"
    var violations: [String] = []
    for path in paths.sorted() where path.hasPrefix(folder) && path.hasSuffix(".swift") {
      let file = path.dropFirst(folder.count)
      guard !file.contains("/"), file != "SensorCatalogue.swift" else { continue }
      let name = file.dropLast(".swift".count)
      for needed in ["Sources/EtalonSim/Twins/\(name)Twin.swift", "Tests/EtalonSensorsTests/\(name)Tests.swift"]
      where !paths.contains(needed) {
        violations.append("\(path): needs \(needed)")
      }
      if !catalogue.code.contains("visitor.visit(\(name).self)") {
        violations.append("\(path): needs the line 'visitor.visit(\(name).self)' in SensorCatalogue.swift")
      }
    }
    return violations
  }
}
