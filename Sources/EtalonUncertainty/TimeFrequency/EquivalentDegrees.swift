import EtalonMetrology

/// Equivalent degrees of freedom of stability statistics (C. A. Greenhall and W. J. Riley, "Uncertainty of stability
/// variances based on finite differences", Proc. 35th PTTI, 2003; SP 1065, 5.4.1; NIST SP 1065 table 7 to 9 for the total
/// variances).
extension PhaseRecord {
  /// The degrees of freedom of a statistic for a noise exponent α, or nil where no published expression exists.
  ///
  /// The expressions are for records without gaps; a gap counts as so much less record.
  public func degreesOfFreedom(
    _ statistic: StabilityStatistic, averagingFactor m: Int, noiseExponent alpha: Int
  ) -> Double? {
    guard m >= 1, (-4...2).contains(alpha) else { return nil }
    let count = phase.count - (missing?.last ?? 0) - (cuts?.last ?? 0)
    let combined: (order: Int, overlapping: Bool, modified: Bool)?
    switch statistic {
    case .adev: combined = (2, false, false)
    case .oadev: combined = (2, true, false)
    case .mdev, .tdev: combined = (2, true, true)
    case .hdev: combined = (3, false, false)
    case .ohdev: combined = (3, true, false)
    case .totdev:
      // SP 1065, table 8: for white and flicker phase noise the total variance equals the overlapping Allan variance.
      let ratio = Double(count - 1) / Double(m)
      switch alpha {
      // At m = 1 nothing is reflected into a difference: the estimator is the Allan deviation, and so are its degrees.
      case -2...2 where m == 1: combined = (2, true, false)
      case 0: return 1.5 * ratio
      case -1: return 1.17 * ratio - 0.22
      case -2: return 0.93 * ratio - 0.36
      case 1, 2: combined = (2, true, false)
      default: return nil
      }
    case .mtotdev, .ttotdev:
      // SP 1065, table 10: edf = b (T / τ) − c.
      let ratio = Double(count - 1) / Double(m)
      switch alpha {
      case 2: return 1.9 * ratio - 2.1
      case 1: return 1.2 * ratio - 1.4
      case 0: return 1.1 * ratio - 1.2
      case -1: return 0.85 * ratio - 0.5
      case -2: return 0.75 * ratio - 0.31
      default: return nil
      }
    case .theo1: return nil
    }
    guard let combined else { return nil }
    let degrees = EquivalentDegrees(
      alpha: alpha, order: combined.order, m: m, count: count, overlapping: combined.overlapping,
      modified: combined.modified
    ).value
    guard let degrees, degrees.isFinite, degrees > 0 else { return nil }
    return degrees
  }
}

/// The combined algorithm of Greenhall and Riley.
private struct EquivalentDegrees {
  let alpha: Int
  /// Order d of the phase difference: 2 for Allan, 3 for Hadamard.
  let order: Int
  let m: Int
  let count: Int
  let overlapping: Bool
  let modified: Bool

  private static let longestSum = 100.0

  /// The spectrum function of the noise, s_w(t).
  private func w(_ t: Double, _ alpha: Int) -> Double {
    let a = abs(t)
    switch alpha {
    case 2: return -a
    case 1: return a == 0 ? 0 : t * t * Elementary.log(a)
    case 0: return a * a * a
    case -1: return a == 0 ? 0 : -t * t * t * t * Elementary.log(a)
    case -2: return -a * a * a * a * a
    case -3: return a == 0 ? 0 : t * t * t * t * t * t * Elementary.log(a)
    default: return a * a * a * a * a * a * a
    }
  }

  /// s_x(t, F); an infinite F is the limit of long averages.
  private func x(_ t: Double, _ f: Double) -> Double {
    if f == .infinity { return w(t, alpha + 2) }
    return f * f * (2 * w(t, alpha) - w(t - 1 / f, alpha) - w(t + 1 / f, alpha))
  }

  private func z(_ t: Double, _ f: Double) -> Double {
    switch order {
    case 2: return 6 * x(t, f) - 4 * (x(t - 1, f) + x(t + 1, f)) + x(t - 2, f) + x(t + 2, f)
    default:
      return 20 * x(t, f) - 15 * (x(t - 1, f) + x(t + 1, f)) + 6 * (x(t - 2, f) + x(t + 2, f)) - x(t - 3, f)
        - x(t + 3, f)
    }
  }

  private func basicSum(_ j: Double, _ terms: Double, _ s: Double, _ f: Double) -> Double {
    func square(_ v: Double) -> Double { v * v }
    var sum = square(z(0, f)) + (1 - j / terms) * square(z(j / s, f))
    var k = 1.0
    while k < j {
      sum += 2 * (1 - k / terms) * square(z(k / s, f))
      k += 1
    }
    return sum
  }

  var value: Double? {
    let md = Double(m)
    let d = Double(order)
    let f = modified ? 1 : md
    let s = overlapping ? md : 1
    let length = md / f + md * d
    guard Double(count) >= length else { return nil }
    let terms = 1 + (s * (Double(count) - length) / md).rounded(.down)
    let j = min(terms, (d + 1) * s)
    let r = terms / s
    func square(_ v: Double) -> Double { v * v }
    if modified { return general(terms, j, r, s, 1, table: Self.modifiedTable(alpha, order), shrinks: false) }
    if alpha <= 0 {
      let filter = md * (d + 1) <= Self.longestSum ? md : .infinity
      return general(terms, j, r, s, filter, table: Self.plainTable(alpha, order), shrinks: true)
    }
    if alpha == 1 { return flickerPhase(terms, j, r, s) }
    // White phase noise.
    guard r > d || r.rounded(.up) > d else { return nil }
    let a0 = order == 2 ? 70.0 / 36 : 924.0 / 400
    return terms / (a0 - 0.5 * d / r)
  }

  private func general(
    _ terms: Double, _ j: Double, _ r: Double, _ s: Double, _ f: Double, table: (Double, Double)?, shrinks: Bool
  ) -> Double? {
    func square(_ v: Double) -> Double { v * v }
    if j <= Self.longestSum { return square(z(0, f)) * terms / basicSum(j, terms, s, f) }
    if r > Double(order) + 1 {
      guard let table else { return nil }
      return r / (table.0 - table.1 / r)
    }
    let stride = Self.longestSum / r
    let limit = shrinks ? Double.infinity : 1
    return square(z(0, limit)) * Self.longestSum / basicSum(Self.longestSum, Self.longestSum, stride, limit)
  }

  private func flickerPhase(_ terms: Double, _ j: Double, _ r: Double, _ s: Double) -> Double? {
    func square(_ v: Double) -> Double { v * v }
    let md = Double(m)
    if j <= Self.longestSum { return square(z(0, md)) * terms / basicSum(j, terms, s, md) }
    let b: (Double, Double) = order == 2 ? (15.23, 12) : (47.8, 40)
    let scale = square(b.0 + b.1 * Elementary.log(md))
    if r > Double(order) + 1 {
      let a: (Double, Double) = order == 2 ? (790, 410) : (9950, 6520)
      return scale * r / (a.0 - a.1 / r)
    }
    let stride = Self.longestSum / r
    return scale * Self.longestSum / basicSum(Self.longestSum, Self.longestSum, stride, stride)
  }

  /// Greenhall and Riley, table 1: modified variances.
  private static func modifiedTable(_ alpha: Int, _ order: Int) -> (Double, Double)? {
    switch (alpha, order) {
    case (2, 2): return (7.0 / 9, 0.5)
    case (1, 2): return (0.997, 0.616)
    case (0, 2): return (1.033, 0.607)
    case (-1, 2): return (1.048, 0.534)
    case (-2, 2): return (1.302, 0.535)
    case (2, 3): return (22.0 / 25, 2.0 / 3)
    case (1, 3): return (1.141, 0.843)
    case (0, 3): return (1.184, 0.848)
    case (-1, 3): return (1.180, 0.816)
    case (-2, 3): return (1.175, 0.777)
    case (-3, 3): return (1.194, 0.703)
    case (-4, 3): return (1.489, 0.702)
    default: return nil
    }
  }

  /// Greenhall and Riley, table 2: unmodified variances.
  private static func plainTable(_ alpha: Int, _ order: Int) -> (Double, Double)? {
    switch (alpha, order) {
    case (0, 2): return (2.0 / 3, 1.0 / 3)
    case (-1, 2): return (0.852, 0.375)
    case (-2, 2): return (1.079, 0.368)
    case (0, 3): return (7.0 / 9, 0.5)
    case (-1, 3): return (0.997, 0.617)
    case (-2, 3): return (1.033, 0.607)
    case (-3, 3): return (1.053, 0.553)
    case (-4, 3): return (1.302, 0.535)
    default: return nil
    }
  }
}
