import Foundation

/// A folder that stands for the root of a machine; removed with the last reference.
final class FakeRoot {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("etalon-root-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    do { try FileManager.default.removeItem(atPath: path) } catch { print("\(path) could not be removed: \(error)") }
  }

  func write(_ text: String, to file: String) throws {
    let target = URL(fileURLWithPath: path + "/" + file)
    try FileManager.default.createDirectory(
      at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: target)
  }

  func link(_ file: String, to target: String) throws {
    let link = URL(fileURLWithPath: path + "/" + file)
    try FileManager.default.createDirectory(at: link.deletingLastPathComponent(), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: target)
  }
}
