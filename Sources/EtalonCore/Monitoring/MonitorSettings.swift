/// What an accuracy monitor watches for. Numbers of blocks are block means of the calibration.
public struct MonitorSettings: Sendable, Equatable {
  /// Shift of the innovation that the cumulative sum finds soonest, in standard deviations of one block, above 0.
  public var shift = 2.0
  /// Average number of blocks between two false alarms of the two-sided cumulative sum, 10...1e9.
  public var averageRunLength = 1e5
  /// Whether the response is held while a sum is above half its limit or accuracy is lost. Without it the filter absorbs
  /// slowly the very step that the sum should report.
  public var holdsResponse = true
  /// Number of blocks in the window of squared innovations, 4...64.
  public var window = 30
  /// Probability that a window of a good device lies above its chi-square limit, and that it lies below the lower one.
  public var windowProbability = 1e-5
  /// Number of updates after which a device can count as calibrated, 1 or more.
  public var learningBlocks = 20
  /// Largest standard uncertainty of a calibrated device's corrected value, in its unit; nil sets no limit.
  public var uncertaintyLimit: Double?
  /// Number of consecutive good blocks that clear a suspicion, 1 or more.
  public var clearingBlocks = 10
  /// Number of consecutive good blocks after which a lost device counts as found again; at least the window.
  public var recoveryBlocks = 60
  /// Whether a lost state is final until the channel is told that the device was replaced or adjusted.
  public var lossIsFinal = false
  /// Indications at or beyond these ends of the scale are saturated; nil where the device has none.
  public var scale: ClosedRange<Double>?
  /// Probability that a good device repeats a value so often that it is called stuck.
  public var stuckProbability = 1e-9
  /// Number of pairs over which the scatter of the indication is judged, 16...100000.
  public var noiseWindow = 200
  /// Probability that such a window of a good device is called noisy.
  public var noiseProbability = 1e-6
  /// Seconds without a reference after which the channel is in holdover; nil takes three blocks.
  public var holdoverAfterSeconds: Double?

  /// The defaults.
  public init() {}
}
