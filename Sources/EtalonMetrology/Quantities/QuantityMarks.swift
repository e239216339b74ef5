/// What a unit says about its quantity beyond the dimension: hertz are cycles, becquerels decays, grays and sieverts doses
/// that a factor of their own tells apart.
///
/// SI Brochure, 9th edition, 2.3.4: the named units exist so that quantities of one dimension are not mistaken for one
/// another, and a table 4 footnote keeps the hertz to periodic and the becquerel to stochastic phenomena. A unit without any
/// mark, such as 1/s, fits all of its dimension, because the coherent unit of each is the same.
struct QuantityMarks: Equatable {
  /// Exponents of the named units; steradians count as two of angle.
  private var hertz = 0
  private var becquerel = 0
  private var angle = 0
  private var gray = 0
  private var sievert = 0
  private var watt = 0
  private var reactive = 0
  private var apparent = 0
  private let isLuminous: Bool
  private let isRate: Bool

  init(_ unit: Unit) {
    isLuminous = unit.dimension.luminosity != 0
    isRate = unit.dimension == Dimension(time: -1)
    for factor in unit.factors {
      let exponent = Int(factor.exponent)
      switch UnitDefinition.all[factor.unit].name {
      case "hertz": hertz += exponent
      case "becquerel": becquerel += exponent
      case "radian", "degree", "arcminute", "arcsecond": angle += exponent
      // 1 lm is 1 cd·sr and 1 lx is 1 lm/m².
      case "steradian", "lumen", "lux": angle += 2 * exponent
      case "gray": gray += exponent
      case "sievert": sievert += exponent
      case "watt": watt += exponent
      case "var": reactive += exponent
      case "voltampere": apparent += exponent
      default: break
      }
    }
  }

  /// What has to be done before a number with the marks of `other` can stand for this quantity; nil where nothing has.
  func remedy(towards other: QuantityMarks) -> String? {
    if isLuminous && angle != other.angle {
      return "a flux is an intensity times its solid angle: ask for cd·sr, or divide by the solid angle in sr"
    }
    // Cycles, decays, radians. An angular velocity is never a bare 1/s here: who reads that reads turns.
    let differ = hertz != other.hertz || becquerel != other.becquerel || angle != other.angle
    let bothSay =
      (hertz != 0 || becquerel != 0 || angle != 0) && (other.hertz != 0 || other.becquerel != 0 || other.angle != 0)
    if differ && (bothSay || (isRate && angle != other.angle)) {
      return becquerel != other.becquerel
        ? "becquerels count decays, which have no period: ask for 1/s"
        : "a cycle is 2π rad: multiply or divide by 2π and write the unit that is meant"
    }
    if (gray != other.gray || sievert != other.sievert) && (gray != 0 || sievert != 0)
      && (other.gray != 0 || other.sievert != 0)
    {
      return "an equivalent dose is the absorbed dose times a radiation weighting factor: apply the factor first"
    }
    let powers = (watt, reactive, apparent)
    let others = (other.watt, other.reactive, other.apparent)
    if powers != others && powers != (0, 0, 0) && others != (0, 0, 0) {
      return "active (W), reactive (var) and apparent power (VA) are tied by the phase angle: apply it first"
    }
    return nil
  }
}
