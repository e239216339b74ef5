/// Why a part of the sampler can not be set up.
public enum SamplingFault: Error, Sendable, Equatable {
  /// A period or a span of time is not above 0.
  case notPositive(nanoseconds: Int64)
  /// Pairs may wait for less than seven periods.
  case wait(periods: Int64)
  /// The window of a rejector is odd and 3...41.
  case window(Int)
  /// The threshold of a rejector is above 0 and finite.
  case threshold(Double)
  /// A resolution is 0 or more and finite.
  case resolution(Double)
  /// There are 2...64 blocks, and the number of samples is a multiple of theirs.
  case blocks(samples: Int, blocks: Int)
}
