import EtalonCore
import EtalonSim
import Foundation
import Synchronization

/// LQG, PID and on-off control on a board's plant over many seeds, each with a model identified for the seed.
public struct ControlCampaign: Sendable {
  /// What is repeated; its own seed is not used.
  public var comparison: ControlComparison
  /// First and last seed.
  public var seeds: ClosedRange<UInt64>

  /// A campaign that has not begun.
  public init(comparison: ControlComparison, seeds: ClosedRange<UInt64>) {
    self.comparison = comparison
    self.seeds = seeds
  }

  /// One controller in one task, over all seeds. Temperatures are true ones of the device's probe.
  public struct Row: Sendable, Encodable {
    /// `lqg`, `pi`, `pid` or `on_off`.
    public var controller: String
    /// `small_step`, `large_step` or `hold`.
    public var task: String
    /// Number of seeds.
    public var n: Int
    /// Seeds in which the process settled within its band.
    public var settled: Int
    /// Mean and largest overshoot, kelvin.
    public var overshoot: Double
    /// Largest overshoot of all seeds, kelvin.
    public var largestOvershoot: Double
    /// Mean time until the process stayed within the band, seconds, over the seeds that settled; nil when none did.
    public var settlingSeconds: Double?
    /// Root mean square deviation from the set point over the whole task, kelvin.
    public var rms: Double
    /// Mean energy, joules.
    public var joules: Double

    enum CodingKeys: String, CodingKey {
      case controller, task, n, settled, overshoot, rms, joules
      case largestOvershoot = "largest_overshoot"
      case settlingSeconds = "settling_seconds"
    }
  }

  /// What all seeds say together.
  public struct Report: Sendable {
    /// One entry for each controller and task.
    public var rows: [Row]
    /// Seeds that gave no model or no controller, with the reason.
    public var failures: [String]
  }

  /// Runs every seed on all processors; the order of the results does not depend on their number.
  /// - Parameter progress: called with the number of seeds done and of all.
  public func report(progress: @Sendable (Int, Int) -> Void = { _, _ in }) -> Report {
    let count = Int(seeds.upperBound - seeds.lowerBound) + 1
    let outcomes = Mutex([Result<[ControlComparison.Entry], Reason>?](repeating: nil, count: count))
    let done = Atomic<Int>(0)
    withoutActuallyEscaping(progress) { progress in
      DispatchQueue.concurrentPerform(iterations: count) { index in
        var comparison = comparison
        comparison.trial.seed = seeds.lowerBound + UInt64(index)
        let outcome = Self.outcome(comparison)
        outcomes.withLock { $0[index] = outcome }
        progress(done.add(1, ordering: .relaxed).newValue, count)
      }
    }
    var failures: [String] = []
    var entries: [ControlComparison.Entry] = []
    for (index, outcome) in outcomes.withLock({ $0 }).enumerated() {
      switch outcome {
      case .success(let found)?: entries += found
      case .failure(let reason)?: failures.append("seed \(seeds.lowerBound + UInt64(index)): \(reason.text)")
      case nil: failures.append("seed \(seeds.lowerBound + UInt64(index)): was not run")
      }
    }
    var rows: [Row] = []
    for task in ControlComparison.Task.allCases {
      for kind in ControlComparison.Kind.allCases {
        let metrics = entries.filter { $0.kind == kind && $0.task == task }.map(\.metrics)
        if let row = Self.row(kind, task, metrics) { rows.append(row) }
      }
    }
    return Report(rows: rows, failures: failures)
  }

  private struct Reason: Error { var text: String }

  private static func outcome(_ comparison: ControlComparison) -> Result<[ControlComparison.Entry], Reason> {
    do throws(ControlTrial.Fault) {
      let model = try comparison.identify()
      do throws(ControlFault) { return .success(try comparison.run(model)) } catch {
        return .failure(Reason(text: error.explanation))
      }
    } catch { return .failure(Reason(text: error.explanation)) }
  }

  private static func row(
    _ kind: ControlComparison.Kind, _ task: ControlComparison.Task, _ metrics: [ResponseMetrics]
  ) -> Row? {
    guard !metrics.isEmpty else { return nil }
    let n = Double(metrics.count)
    let settling = metrics.compactMap(\.settlingSeconds)
    return Row(
      controller: kind.rawValue, task: task.rawValue, n: metrics.count, settled: settling.count,
      overshoot: metrics.map(\.overshoot).reduce(0, +) / n,
      largestOvershoot: metrics.map(\.overshoot).max() ?? 0,
      settlingSeconds: settling.isEmpty ? nil : settling.reduce(0, +) / Double(settling.count),
      rms: (metrics.map { $0.rms * $0.rms }.reduce(0, +) / n).squareRoot(),
      joules: metrics.map(\.energy).reduce(0, +) / n)
  }
}
