/// Means of equal blocks of consecutive pairs, and the type A uncertainty that they give.
///
/// Means of blocks longer than the correlation time are close to independent where the samples are not, so their scatter
/// gives an honest uncertainty of the mean (H. Flyvbjerg and H. G. Petersen, J. Chem. Phys. 91 (1989) 461). Where their
/// lag-1 correlation r is still significantly positive, the variance of the mean is enlarged by (1 + r)/(1 − r) and the
/// effective number of blocks reduced by it (G. V. Bayley and J. M. Hammersley, Suppl. J. R. Stat. Soc. 8 (1946) 184;
/// N. F. Zhang, Metrologia 43 (2006) S276, equation 14).
///
/// A block is a number of ticks, not of good pairs: an unusable pair takes its place and lowers the number of values in the
/// block. Storage is in place; nothing allocates.
public struct BlockMeans: Sendable {
  static let capacity = 64

  /// What is averaged of a pair.
  public enum Column: Int, Sendable, CaseIterable { case reference = 0, indication = 1, raw = 2, difference = 3 }

  /// The mean of one column and what is known about it.
  public struct Result: Sendable, Equatable {
    /// Mean of the block means.
    public var mean: Double
    /// Experimental standard deviation of the block means.
    public var standardDeviation: Double
    /// Type A standard uncertainty of the mean, enlarged for correlated blocks.
    public var standardUncertainty: Double
    /// Degrees of freedom: number of blocks − 1, less where blocks are correlated.
    public var degreesOfFreedom: Double
    /// Estimated lag-1 correlation of the block means, corrected for its bias of −1/m.
    public var lagOneCorrelation: Double
    /// Whether that correlation was significant and the uncertainty enlarged.
    public var isInflated: Bool
  }

  /// Number of pairs in all.
  public let samples: Int
  /// Number of blocks.
  public let blocks: Int
  /// Number of pairs taken in.
  public private(set) var taken = 0
  /// Number of pairs that are in a mean.
  public private(set) var used = 0
  /// Correlation of the differences from sample to sample.
  public private(set) var correlation = CorrelationTime()

  private var counts = InlineArray<64, Int32>(repeating: 0)
  private var rawCounts = InlineArray<64, Int32>(repeating: 0)
  private var sums = InlineArray<64, InlineArray<4, Double>>(repeating: InlineArray(repeating: 0))
  private var origin = InlineArray<4, Double>(repeating: 0)
  private var hasOrigin = false
  private var hasRawOrigin = false

  /// - Parameters:
  ///   - samples: number of pairs, a multiple of `blocks`.
  ///   - blocks: 2...64.
  public init(samples: Int, blocks: Int) throws(SamplingFault) {
    guard blocks >= 2, blocks <= Self.capacity, samples >= blocks, samples % blocks == 0, samples < 1 << 30 else {
      throw .blocks(samples: samples, blocks: blocks)
    }
    self.samples = samples
    self.blocks = blocks
  }

  /// Whether all pairs have been taken in.
  public var isComplete: Bool { taken == samples }
  /// Number of pairs that were taken in but are in no mean.
  public var unusable: Int { taken - used }
  /// Number of pairs in one block.
  public var pairsPerBlock: Int { samples / blocks }

  /// Takes a pair; an unusable one takes its place in the block and enters no mean. Must not be called when complete.
  public mutating func add(_ pair: Pair) {
    precondition(taken < samples, "a complete series takes no more pairs")
    let block = taken / pairsPerBlock
    taken += 1
    guard pair.isUsable else {
      correlation.interrupt()
      return
    }
    if !hasOrigin {
      // Sums of differences from the first pair keep the digits that a large common value would cost.
      origin[0] = pair.reference
      origin[1] = pair.indication
      origin[3] = pair.difference
      hasOrigin = true
    }
    used += 1
    counts[block] += 1
    sums[block][0] += pair.reference - origin[0]
    sums[block][1] += pair.indication - origin[1]
    sums[block][3] += pair.difference - origin[3]
    if pair.raw.isFinite {
      if !hasRawOrigin {
        origin[2] = pair.raw
        hasRawOrigin = true
      }
      rawCounts[block] += 1
      sums[block][2] += pair.raw - origin[2]
    }
    correlation.add(pair.difference)
  }

  /// Mean of one block; nil when it has no usable value.
  public func mean(of column: Column, block: Int) -> Double? {
    precondition(block >= 0 && block < blocks, "no such block")
    let count = column == .raw ? rawCounts[block] : counts[block]
    guard count > 0 else { return nil }
    return origin[column.rawValue] + sums[block][column.rawValue] / Double(count)
  }

  /// Result of one column; nil until all pairs are in, and when a block has no usable value.
  public func result(_ column: Column) -> Result? {
    guard isComplete else { return nil }
    let m = Double(blocks)
    // The block means are of one size, so their deviations from the first keep their digits too.
    guard let offset = mean(of: column, block: 0) else { return nil }
    var deviations = InlineArray<64, Double>(repeating: 0)
    var mean = 0.0
    for block in 0..<blocks {
      guard let value = self.mean(of: column, block: block) else { return nil }
      deviations[block] = value - offset
      mean += deviations[block] / m
    }
    var squares = 0.0
    var products = 0.0
    for block in 0..<blocks {
      deviations[block] -= mean
      squares += deviations[block] * deviations[block]
      if block > 0 { products += deviations[block] * deviations[block - 1] }
    }
    let standardDeviation = (squares / (m - 1)).squareRoot()
    let uncertainty = standardDeviation / m.squareRoot()
    guard uncertainty.isFinite else { return nil }
    // The lag-1 correlation of independent values has the mean −1/m and the standard error 1/√m (M. S. Bartlett, J. R. Stat.
    // Soc. Suppl. 8 (1946) 27); 1.645 of it is the one-sided 95 % limit.
    let r = squares > 0 ? products / squares + 1 / m : 0
    let significant = blocks >= 4 && r * m.squareRoot() > 1.645
    var inflation = 1.0
    if significant {
      // No estimate from so few blocks supports more than this; the degrees of freedom are then 1 anyway.
      let bounded = min(r, 0.95)
      inflation = (1 + bounded) / (1 - bounded)
    }
    return Result(
      mean: offset + mean, standardDeviation: standardDeviation,
      standardUncertainty: uncertainty * inflation.squareRoot(), degreesOfFreedom: max(1, m / inflation - 1),
      lagOneCorrelation: r, isInflated: significant)
  }

  /// Whether the blocks are longer than the measured correlation time of the differences; nil when it can not be measured.
  public var areLongerThanCorrelation: Bool? {
    guard let time = correlation.samples else { return nil }
    return !time.isLowerBound && time.value < Double(pairsPerBlock)
  }

  /// Measured correlation time of the differences in samples; nil when it can not be measured.
  public var correlationTimeSamples: Double? { correlation.samples?.value }
}
