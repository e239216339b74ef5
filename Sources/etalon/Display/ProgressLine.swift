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
    if isTerminal {
      let now = wallNanoseconds()
      guard changed || now - lastDrawn > Self.interval else { return }
      lastDrawn = now
      write("\r\u{1B}[K" + line(progress, acknowledged))
      isDrawn = true
    } else if changed {
      write(line(progress, acknowledged) + "\n")
    }
    lastActivity = progress.activity
    lastVisit = progress.visit
    lastStep = progress.stepNumber
  }

  /// Ends the line, so that what follows starts on a new one.
  mutating func end() {
    if isDrawn { write("\r\u{1B}[K") }
    isDrawn = false
  }

  private func line(_ progress: Progress, _ acknowledged: UInt64?) -> String {
    var parts = ["step \(progress.stepNumber)/\(progress.stepCount)"]
    if !progress.stepName.isEmpty, progress.visitCount > 0 {
      parts[0] += " \(progress.stepName) \(progress.visit)/\(progress.visitCount)"
    }
    if let setpoint = progress.setpoint { parts.append("\(Text.fixed(setpoint, 2)) °C") }
    var activity = progress.activity.rawValue
    if progress.activity == .measuring, progress.windowNeeded > 0 {
      activity += " \(progress.windowSamples)/\(progress.windowNeeded)"
    }
    parts.append(hasColor ? "\u{1B}[1m\(activity)\u{1B}[0m" : activity)
    if let reference = progress.reference { parts.append("ref \(Text.fixed(reference, 3))") }
    if let indication = progress.indication { parts.append("dut \(Text.fixed(indication, 2))") }
    if let slope = progress.slope { parts.append("slope \(Text.fixed(slope * 60_000, 1)) mK/min") }
    parts.append("\(progress.samples) samples")
    parts.append("\(progress.gaps) gaps")
    if progress.faults > 0 { parts.append("\(progress.faults) faults") }
    // What is told here survives whatever happens next.
    if let acknowledged { parts.append("\(acknowledged) records safe") }
    if progress.remainingSeconds > 0 { parts.append("ETA \(Text.duration(progress.remainingSeconds))") }
    return parts.joined(separator: " | ")
  }

  private func write(_ text: String) { Text.toStandardError(text) }

  private func wallNanoseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
  }
}
