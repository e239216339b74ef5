import Foundation
import Glibc

/// A GPIO chip of the kernel's own simulator, and the test's hand on its lines.
final class SimulatedChip {
  let label: String
  let lineCount: Int
  /// The kernel's present name, for example `gpiochip0`; it says nothing about which chip it is.
  private(set) var name = ""
  /// The character device.
  var path: String { "/dev/\(name)" }

  private let folder: String
  private let lineFolders: [String]
  private let hogFolders: [String]
  private var controls = ""
  private(set) var isLive = false

  fileprivate init(
    folder: String, label: String, lineCount: Int, lineFolders: [String], hogFolders: [String]
  ) {
    self.folder = folder
    self.label = label
    self.lineCount = lineCount
    self.lineFolders = lineFolders
    self.hogFolders = hogFolders
  }

  convenience init(
    label: String, lineCount: Int, names: [Int: String], hogs: [Int: (name: String, direction: String)]
  ) throws {
    let folder = "\(VirtualBoard.gpioFolder)/etalon-\(label)"
    let bank = folder + "/bank0"
    let described = Set(names.keys).union(hogs.keys).sorted()
    self.init(
      folder: folder, label: label, lineCount: lineCount, lineFolders: described.map { "\(bank)/line\($0)" },
      hogFolders: hogs.keys.sorted().map { "\(bank)/line\($0)/hog" })
    try VirtualBoard.makeFolder(folder)
    try VirtualBoard.makeFolder(bank)
    try VirtualBoard.write("\(lineCount)", to: bank + "/num_lines")
    try VirtualBoard.write(label, to: bank + "/label")
    for line in described {
      try VirtualBoard.makeFolder("\(bank)/line\(line)")
      if let name = names[line] { try VirtualBoard.write(name, to: "\(bank)/line\(line)/name") }
      if let hog = hogs[line] {
        try VirtualBoard.makeFolder("\(bank)/line\(line)/hog")
        try VirtualBoard.write(hog.name, to: "\(bank)/line\(line)/hog/name")
        try VirtualBoard.write(hog.direction, to: "\(bank)/line\(line)/hog/direction")
      }
    }
    try makeLive()
  }

  deinit {
    do { try takeAway() } catch { print("the chip \(label) is left behind: \(error)") }
    VirtualBoard.removeFolders(hogFolders + lineFolders + [folder + "/bank0", folder])
  }

  /// Makes the chip appear. Its number may be another one than before.
  func makeLive() throws {
    guard !isLive else { return }
    try VirtualBoard.write("1", to: folder + "/live")
    isLive = true
    name = try VirtualBoard.read(folder + "/bank0/chip_name")
    let device = try VirtualBoard.read(folder + "/dev_name")
    controls = "/sys/devices/platform/\(device)/\(name)"
    try VirtualBoard.wait("\(path) to appear") { access(path, F_OK) == 0 }
  }

  /// Takes the chip away, also while a line of it is requested.
  func takeAway() throws {
    guard isLive else { return }
    try VirtualBoard.write("0", to: folder + "/live")
    isLive = false
  }

  /// Drives an input from outside.
  func drive(_ line: Int, high: Bool) throws {
    try VirtualBoard.write(high ? "pull-up" : "pull-down", to: "\(controls)/sim_gpio\(line)/pull")
  }

  /// The attribute by which another program drives a line.
  func pullPath(_ line: Int) -> String { "\(controls)/sim_gpio\(line)/pull" }

  /// The physical level of a line, also of an output.
  func level(_ line: Int) throws -> Bool { try VirtualBoard.read("\(controls)/sim_gpio\(line)/value") == "1" }

  /// The pull that holds the line: `pull-up` or `pull-down`.
  func pull(_ line: Int) throws -> String { try VirtualBoard.read("\(controls)/sim_gpio\(line)/pull") }
}
