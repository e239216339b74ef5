import EtalonSession
import Foundation

/// Where boards are found.
enum Boards {
  /// Where the package keeps its boards.
  static let installed = "/usr/share/etalon/boards"

  /// The folders that boards lie in: `boards/` here, else in the nearest folder above that has one, and the installed one.
  static func folders() -> [String] {
    let manager = FileManager.default
    var folders: [String] = []
    var folder = URL(fileURLWithPath: manager.currentDirectoryPath).standardizedFileURL
    while true {
      let candidate = folder.appendingPathComponent("boards").path
      if manager.fileExists(atPath: candidate) {
        folders.append(candidate)
        break
      }
      let parent = folder.deletingLastPathComponent()
      if parent.path == folder.path { break }
      folder = parent
    }
    if manager.fileExists(atPath: installed) { folders.append(installed) }
    return folders
  }

  /// The folder of a board given as a folder, or by its name below `boards/` here, in a folder above, or in the package.
  static func directory(of board: String) throws -> String {
    let manager = FileManager.default
    if manager.fileExists(atPath: board + "/board.yaml") { return board }
    var folder = URL(fileURLWithPath: manager.currentDirectoryPath).standardizedFileURL
    while true {
      let candidate = folder.appendingPathComponent("boards/\(board)").path
      if manager.fileExists(atPath: candidate + "/board.yaml") { return candidate }
      let parent = folder.deletingLastPathComponent()
      if parent.path == folder.path { break }
      folder = parent
    }
    let package = installed + "/" + board
    if manager.fileExists(atPath: package + "/board.yaml") { return package }
    throw Fail.with(
      .missingFile, "there is no board '\(board)': neither a folder with a board.yaml nor boards/\(board) here or above"
    )
  }
}
