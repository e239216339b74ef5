/// A reproducible stream of pseudo-random numbers: one seed, one sequence, on every machine.
///
/// xoshiro256++ 1.0 (Blackman and Vigna, ACM Trans. Math. Softw. 47, 2021, article 36), seeded through splitmix64 as
/// its authors recommend. Independent streams of one seed are made with `RandomStream(seed:stream:)`.
public struct RandomStream: RandomNumberGenerator, Sendable {
  @usableFromInline var s0: UInt64
  @usableFromInline var s1: UInt64
  @usableFromInline var s2: UInt64
  @usableFromInline var s3: UInt64

  /// - Parameters:
  ///   - seed: any value; each gives another sequence.
  ///   - stream: separates independent uses of one seed, so that drawing more in one place moves nothing in another.
  public init(seed: UInt64, stream: UInt64 = 0) {
    var state = seed
    // The stream number passes through the mixer before it meets the seed, so that neighbouring numbers share nothing.
    var other = stream &+ 0x6A09_E667_F3BC_C909
    if stream != 0 { state ^= Self.splitmix(&other) }
    s0 = Self.splitmix(&state)
    s1 = Self.splitmix(&state)
    s2 = Self.splitmix(&state)
    s3 = Self.splitmix(&state)
  }

  private init(_ s0: UInt64, _ s1: UInt64, _ s2: UInt64, _ s3: UInt64) {
    self.s0 = s0
    self.s1 = s1
    self.s2 = s2
    self.s3 = s3
  }

  static func splitmix(_ state: inout UInt64) -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// The next 64 random bits.
  @inlinable
  public mutating func next() -> UInt64 {
    let sum = s0 &+ s3
    let result = (sum << 23 | sum >> 41) &+ s0
    let t = s1 << 17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    s3 = s3 << 45 | s3 >> 19
    return result
  }

  /// A number of the uniform distribution on [0, 1), a multiple of 2⁻⁵³.
  @inlinable
  public mutating func uniform() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// A number of the rectangular distribution on [lower, upper).
  @inlinable
  public mutating func uniform(_ lower: Double, _ upper: Double) -> Double {
    lower + (upper - lower) * uniform()
  }

  /// A number of the standard normal distribution (mean 0, standard deviation 1).
  ///
  /// The ziggurat method with the tables of `NormalZiggurat`: one word of the generator and one comparison in 99 of 100
  /// cases. The stream has no hidden state.
  public mutating func normal() -> Double {
    while true {
      let bits = next()
      let layer = Int(truncatingIfNeeded: bits & 255)
      // The upper 54 bits as a signed number; they share none with the layer.
      let x = Double(Int64(bitPattern: bits) >> 10) * NormalZiggurat.layers[2 * layer]
      if x.magnitude < NormalZiggurat.layers[2 * layer + 1] { return x }
      if let accepted = normalOutside(layer, x) { return accepted }
    }
  }

  /// The part of a layer that reaches above the curve, and the tail; nil where the point is rejected.
  @inline(never)
  mutating func normalOutside(_ layer: Int, _ x: Double) -> Double? {
    if layer == 0 {
      // Marsaglia's exact method for the tail beyond r.
      while true {
        // 1 − uniform is never 0.
        let a = -Elementary.log(1 - uniform()) / NormalZiggurat.tailStart
        let b = -Elementary.log(1 - uniform())
        if b + b > a * a { return x < 0 ? -(NormalZiggurat.tailStart + a) : NormalZiggurat.tailStart + a }
      }
    }
    let low = NormalZiggurat.heights[layer]
    let height = low + uniform() * (NormalZiggurat.heights[layer + 1] - low)
    return height < Elementary.exp(-0.5 * x * x) ? x : nil
  }

  /// Fills storage with numbers of a normal distribution, the same ones that as many calls of `normal` give.
  public mutating func fillNormal(
    _ storage: UnsafeMutableBufferPointer<Double>, mean: Double, standardDeviation: Double
  ) {
    // The state is taken apart, and put together again only where a number needs more than one word: a state whose
    // address is passed on is kept in memory, and each word would wait for the one before to be stored.
    var (s0, s1, s2, s3) = (self.s0, self.s1, self.s2, self.s3)
    for i in 0..<storage.count {
      var x: Double
      while true {
        // As in `next` and `normal`.
        let sum = s0 &+ s3
        let bits = (sum << 23 | sum >> 41) &+ s0
        let t = s1 << 17
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= t
        s3 = s3 << 45 | s3 >> 19
        let layer = Int(truncatingIfNeeded: bits & 255)
        x = Double(Int64(bitPattern: bits) >> 10) * NormalZiggurat.layers[2 * layer]
        if x.magnitude < NormalZiggurat.layers[2 * layer + 1] { break }
        var stream = RandomStream(s0, s1, s2, s3)
        let accepted = stream.normalOutside(layer, x)
        (s0, s1, s2, s3) = (stream.s0, stream.s1, stream.s2, stream.s3)
        if let accepted {
          x = accepted
          break
        }
      }
      storage[i] = mean + standardDeviation * x
    }
    self = RandomStream(s0, s1, s2, s3)
  }

  /// Fills storage with numbers of the rectangular distribution on [lower, upper), as as many calls of `uniform` give.
  public mutating func fillUniform(_ storage: UnsafeMutableBufferPointer<Double>, _ lower: Double, _ upper: Double) {
    var stream = self
    for i in 0..<storage.count { storage[i] = stream.uniform(lower, upper) }
    self = stream
  }

  /// A number of the normal distribution with the given mean and standard deviation (0 or more).
  public mutating func normal(mean: Double, standardDeviation: Double) -> Double {
    mean + standardDeviation * normal()
  }
}
