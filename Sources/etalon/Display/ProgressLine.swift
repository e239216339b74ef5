import EtalonCore
import EtalonSession
import Glibc

/// Shows people where a run is, on standard error: one line that is rewritten on a terminal, one line for every change
/// of state elsewhere. Standard output stays free for data.
struct ProgressLine {
  private let isTerminal: Bool
  private let hasColor: Bool
  private var lastActivity: Progress.Activity?
  private var lastVisit = -1
  private var lastStep = -1
  private var wasStopping = false
  private var lastAccuracy: AccuracyState?
  private var lastDrawn: Int64 = 0
  private var isDrawn = false
  private let isQuiet: Bool

  init(quiet: Bool = false) {
    isTerminal = isatty(2) == 1
    hasColor = isTerminal && getenv("NO_COLOR") == nil
    isQuiet = quiet
  }

  /// Nanoseconds of wall time between two drawings of the line.
  private static let interval: Int64 = 100_000_000

  mutating func show(_ progress: Progress, acknowledged: UInt64? = nil) {
    guard !isQuiet else { return }
    let changed =
      progress.activity != lastActivity || progress.visit != lastVisit || progress.stepNumber != lastStep
      || progress.isStopping != wasStopping || progress.accuracy != lastAccuracy
    if isTerminal {
      let now = wallNanoseconds()
      guard changed || now - lastDrawn > Self.interval else { return }
      lastDrawn = now
      write("\r\u{1B}[K" + line(progress, acknowledged, width: terminalWidth()))
      isDrawn = true
    } else if changed {
      write(line(progress, acknowledged, width: .max) + "\n")
    }
    lastActivity = progress.activity
    lastVisit = progress.visit
    lastStep = progress.stepNumber
    wasStopping = progress.isStopping
    lastAccuracy = progress.accuracy
  }

  /// Ends the line, so that what follows starts on a new one.
  mutating func end() {
    if isDrawn { write("\r\u{1B}[K") }
    isDrawn = false
  }

  /// The line, the most important first; what does not fit into `width` columns is left out from the end.
  private func line(_ progress: Progress, _ acknowledged: UInt64?, width: Int) -> String {
    var parts = ["step \(progress.stepNumber)/\(progress.stepCount)"]
    if !progress.stepName.isEmpty {
      parts[0] += " \(progress.stepName)"
      if progress.visitCount > 0 { parts[0] += " \(progress.visit)/\(progress.visitCount)" }
    }
    if let setpoint = progress.setpoint { parts.append("\(Text.fixed(setpoint, 2)) °C") }
    var activity = progress.activity.rawValue
    if progress.activity == .measuring, progress.windowNeeded > 0 {
      activity += " \(progress.windowSamples)/\(progress.windowNeeded)"
    }
    let place = parts.count
    parts.append(activity)
    // What a device that is calibrated while it works says at present.
    if let corrected = progress.corrected, let expanded = progress.expandedUncertainty {
      parts.append("\(Text.fixed(corrected, 3)) °C ± \(Text.fixed(expanded * 1e3, 1)) mK")
    }
    if let accuracy = progress.accuracy { parts.append("\(accuracy)") }
    if let watts = progress.watts { parts.append("\(Text.fixed(watts, 0)) W") }
    if progress.isStopping { parts.append("stopping after this point; Ctrl-C again for the safe state now") }
    if progress.remainingSeconds > 0 { parts.append("ETA \(Text.duration(progress.remainingSeconds))") }
    parts.append("\(progress.samples) samples")
    parts.append("\(progress.gaps) gaps")
    if progress.faults > 0 { parts.append("\(progress.faults) faults") }
    // What is told here survives whatever happens next.
    if let acknowledged { parts.append("\(acknowledged) records safe") }
    if let reference = progress.reference { parts.append("ref \(Text.fixed(reference, 3))") }
    if let indication = progress.indication { parts.append("dut \(Text.fixed(indication, 2))") }
    if let slope = progress.slope { parts.append("slope \(Text.fixed(slope * 60_000, 1)) mK/min") }
    let separator = " | "
    while parts.count > place + 1, parts.reduce(-separator.count, { $0 + $1.count + separator.count }) >= width {
      parts.removeLast()
    }
    if hasColor { parts[place] = "\u{1B}[1m\(parts[place])\u{1B}[0m" }
    return parts.joined(separator: separator)
  }

  /// Columns of the terminal; 80 where it does not say.
  private func terminalWidth() -> Int {
    var size = winsize()
    guard ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  private func write(_ text: String) { Text.toStandardError(text) }

  private func wallNanoseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
  }
}
