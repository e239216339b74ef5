import Foundation

/// A folder for one test, removed with everything in it when the test lets it go.
final class ScratchFolder {
  let path: String
  private var count = 0

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("etalon-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    do { try FileManager.default.removeItem(atPath: path) } catch {
      print("the folder \(path) could not be removed: \(error)")
    }
  }

  /// A path in the folder.
  func callAsFunction(_ name: String) -> String { path + "/" + name }

  /// A path in the folder that was not given before.
  func next(_ name: String) -> String {
    count += 1
    return path + "/\(name)-\(count)"
  }

  /// Writes a file and gives its path.
  func write(_ text: String, to name: String) throws -> String { try write(Data(text.utf8), to: name) }

  func write(_ bytes: Data, to name: String) throws -> String {
    let file = self(name)
    try bytes.write(to: URL(fileURLWithPath: file))
    return file
  }
}
