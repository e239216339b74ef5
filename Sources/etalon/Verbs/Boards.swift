import EtalonSession
import Foundation

/// Where boards are found.
enum Boards {
  /// The folder of a board given as a folder, or by its name below `boards/` here or in a folder above.
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
    throw Fail.with(
      .missingFile, "there is no board '\(board)': neither a folder with a board.yaml nor boards/\(board) here or above"
    )
  }
}
