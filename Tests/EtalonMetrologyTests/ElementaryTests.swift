import EtalonMetrology
import XCTest

/// The error bounds that the docstrings state, against values computed with 60 digits by mpmath 1.3.0. Each value is given
/// as the nearest double and the rest in units of its last place, so that errors below one unit can be seen.
final class ElementaryTests: XCTestCase {
  private func check(
    _ name: String, below bound: Double, _ function: (Double) -> Double,
    _ rows: [(x: Double, head: Double, rest: Double)], line: UInt = #line
  ) {
    for row in rows {
      let error = abs((function(row.x) - row.head) / row.head.ulp - row.rest)
      XCTAssertLessThan(error, bound, "\(name)(\(row.x)) is \(error) ulp off", line: line)
    }
  }

  private func check(
    _ name: String, below bound: Double, _ function: (Double, Double) -> Double,
    _ rows: [(x: Double, y: Double, head: Double, rest: Double)], line: UInt = #line
  ) {
    for row in rows {
      let error = abs((function(row.x, row.y) - row.head) / row.head.ulp - row.rest)
      XCTAssertLessThan(error, bound, "\(name)(\(row.x), \(row.y)) is \(error) ulp off", line: line)
    }
  }

  func testExp() {
    check(
      "exp", below: 1, Elementary.exp,
      [
        (x: -700.5, head: 5.980196118639791e-305, rest: -0.2836),
        (x: -20.25, head: 1.6052280551856116e-09, rest: -0.1769),
        (x: -0.34507363167338, head: 0.7081682079378573, rest: -0.4939),
        (x: 1e-05, head: 1.00001000005, rest: 0.4369),
        (x: 0.5, head: 1.6487212707001282, rest: -0.2131),
        (x: 1.0, head: 2.718281828459045, rest: 0.3255),
        (x: 37.7, head: 2.359945468246331e+16, rest: -0.4717),
        (x: 709.1, head: 9.082744919406668e+307, rest: -0.2202),
      ])
  }

  func testLog() {
    check(
      "log", below: 1, Elementary.log,
      [
        (x: Double.leastNonzeroMagnitude, head: -744.4400719213812, rest: -0.3890),
        (x: 1e-300, head: -690.7755278982137, rest: -0.2082),
        (x: 0.14668630541918856, head: -1.9194589491164467, rest: 0.4736),
        (x: 0.999999, head: -1.000000500029089e-06, rest: 0.3060),
        (x: 1.0000001, head: 9.999999505838704e-08, rest: 0.1152),
        (x: 2.0, head: 0.6931471805599453, rest: 0.2089),
        (x: 10.0, head: 2.302585092994046, rest: -0.4888),
        (x: 1.613409549559952, head: 0.4783496724073681, rest: 0.3030),
        (x: 6.02214076e+23, head: 54.75489994294367, rest: -0.1002),
      ])
  }

  func testExpm1() {
    check(
      "expm1", below: 1.5, Elementary.expm1,
      [
        (x: -38.5, head: -1.0, rest: 0.0857),
        (x: -0.7, head: -0.5034146962085905, rest: 0.0885),
        (x: -1e-12, head: -9.999999999995e-13, rest: -0.1199),
        (x: 3e-09, head: 3.0000000045e-09, rest: 0.3874),
        (x: 0.3661678063069371, head: 0.4421972321416678, rest: 0.0037),
        (x: 0.5, head: 0.6487212707001282, rest: -0.4262),
        (x: 5.0, head: 147.4131591025766, rest: 0.1227),
        (x: 600.0, head: 3.7730203009299397e+260, rest: 0.2951),
      ])
  }

  func testLog1p() {
    check(
      "log1p", below: 1, Elementary.log1p,
      [
        (x: -0.999, head: -6.907755278982136, rest: -0.2668),
        (x: -0.5, head: -0.6931471805599453, rest: -0.2089),
        (x: -1e-15, head: -1.0000000000000007e-15, rest: 0.4647),
        (x: 1e-09, head: 9.999999995e-10, rest: 0.3624),
        (x: 0.3, head: 0.26236426446749106, rest: -0.2894),
        (x: 1.3962221135833595, head: 0.8738933777861028, rest: -0.4986),
        (x: 10000000000.0, head: 23.025850930040455, rest: 0.3867),
      ])
  }

  func testLog10() {
    check(
      "log10", below: 1, Elementary.log10,
      [
        (x: 1e-05, head: -5.0, rest: 0.0400),
        (x: 0.3, head: -0.5228787452803376, rest: 0.3723),
        (x: 0.999981658981528, head: -7.965476162562105e-06, rest: 0.4999),
        (x: 7.0, head: 0.8450980400142568, rest: 0.1618),
        (x: 1000.0, head: 3.0, rest: 0.0000),
        (x: 1.5e+200, head: 200.17609125905568, rest: -0.0042),
      ])
  }

  func testLog2() {
    check(
      "log2", below: 1, Elementary.log2,
      [
        (x: 0.1, head: -3.321928094887362, rest: -0.1938),
        (x: 3.0, head: 1.584962500721156, rest: 0.4765),
        (x: 1.0024336579834463, head: 0.003506760904288093, rest: 0.4993),
        (x: Double(bitPattern: 0x0000_1268_8b70_e62b), head: -1029.7977094150824, rest: 0.3361),
        (x: 1e+100, head: 332.19280948873626, rest: -0.4260),
      ])
  }

  func testCbrt() {
    check(
      "cbrt", below: 1, Elementary.cbrt,
      [
        (x: -27.0, head: -3.0, rest: 0.0000),
        (x: 0.001, head: 0.1, rest: -0.3500),
        (x: 2.0, head: 1.2599210498948732, rest: -0.1166),
        (x: Double(bitPattern: 0x0000_1268_8b70_e62b), head: 4.641588833612774e-104, rest: -0.0452),
        (x: 6.26160139514986, head: 1.8431547756525308, rest: -0.4996),
        (x: 1e+300, head: 1e+100, rest: 0.0082),
      ])
  }

  func testSin() {
    check(
      "sin", below: 1, Elementary.sin,
      [
        (x: 1e-20, head: 1e-20, rest: -0.0000),
        (x: 0.5, head: 0.479425538604203, rest: -0.0919),
        (x: -0.7689146802587667, head: -0.6953556661627499, rest: 0.3093),
        (x: 3.141592653589793, head: 1.2246467991473532e-16, rest: -0.1215),
        (x: 22.0, head: -0.008851309290403876, rest: 0.1642),
        (x: 100000.0, head: 0.03574879797201651, rest: 0.2224),
        (x: 255881.9925001124, head: -0.6662246428928799, rest: 0.2765),
        (x: 1e+22, head: -0.8522008497671888, rest: -0.0611),
        (x: 2.8912042792275852e+121, head: -0.6854206976650085, rest: 0.2601),
        (x: 1.7e+308, head: -0.5952560848632077, rest: 0.2266),
      ])
  }

  func testCos() {
    check(
      "cos", below: 1, Elementary.cos,
      [
        (x: 1e-20, head: 1.0, rest: -0.0000),
        (x: 0.5, head: 0.8775825618903728, rest: -0.3839),
        (x: 0.7937873457840638, head: 0.7011499206441, rest: -0.2475),
        (x: 1.5707963267948966, head: 6.123233995736766e-17, rest: -0.1215),
        (x: 22.0, head: -0.9999608263946371, rest: -0.0077),
        (x: 100000.0, head: -0.9993608074382124, rest: -0.2112),
        (x: 702861.5247405032, head: 0.7541340308603504, rest: -0.2946),
        (x: 1e+22, head: 0.523214785395139, rest: -0.4246),
        (x: 1.6933007234946527e+114, head: -0.7357800148309157, rest: -0.3076),
        (x: 1.7e+308, head: 0.803536056087918, rest: 0.0248),
      ])
  }

  func testTan() {
    check(
      "tan", below: 1.5, Elementary.tan,
      [
        (x: 0.5, head: 0.5463024898437905, rest: 0.2621),
        (x: -0.766230946585186, head: -0.9623819920482548, rest: 0.1213),
        (x: 1.5707963267948966, head: 1.633123935319537e+16, rest: -0.1220),
        (x: 22.0, head: 0.00885165604168446, rest: -0.0505),
        (x: 87.21402959212531, head: -0.9326518182270529, rest: 0.1487),
        (x: 1e+22, head: -1.6287782256068988, rest: -0.4555),
        (x: 5.036311729313838e+276, head: 0.8939378084765323, rest: 0.2874),
      ])
  }

  func testAtan() {
    check(
      "atan", below: 1, Elementary.atan,
      [
        (x: 1e-05, head: 9.999999999666668e-06, rest: -0.2701),
        (x: 0.3, head: 0.2914567944778671, rest: -0.2963),
        (x: -0.5, head: -0.4636476090008061, rest: -0.4089),
        (x: 0.7, head: 0.6107259643892086, rest: 0.2019),
        (x: 1.0, head: 0.7853981633974483, rest: 0.2758),
        (x: 1.3, head: 0.9151007005533605, rest: -0.2217),
        (x: 2.4733458530396604, head: 1.1865794287777722, rest: -0.3434),
        (x: 100.0, head: 1.5607966601082315, rest: -0.4534),
        (x: -10000000000.0, head: -1.5707963266948965, rest: -0.3130),
      ])
  }

  func testAsin() {
    check(
      "asin", below: 1, Elementary.asin,
      [
        (x: 0.001, head: 0.0010000001666667416, rest: 0.2812),
        (x: 0.3, head: 0.3046926540153975, rest: -0.4949),
        (x: -0.5, head: -0.5235987755982989, rest: 0.4828),
        (x: 0.5824281800687525, head: 0.6217126295927522, rest: -0.4239),
        (x: 0.999, head: 1.526071239626163, rest: 0.3534),
        (x: 0.9999999999999892, head: 1.5707961800354788, rest: 0.4997),
        (x: -1.0, head: -1.5707963267948966, rest: -0.2758),
      ])
  }

  func testAcos() {
    check(
      "acos", below: 1, Elementary.acos,
      [
        (x: 0.001, head: 1.56979632662823, rest: -0.4960),
        (x: 0.3, head: 1.2661036727794992, rest: -0.3505),
        (x: -0.5, head: 2.0943951023931957, rest: -0.4828),
        (x: 0.6193916656484713, head: 0.9028287278058721, rest: -0.4600),
        (x: 0.9999999999999637, head: 2.6945980370082225e-07, rest: 0.4980),
        (x: -0.999999999999613, head: 3.141591773790104, rest: 0.4998),
        (x: -1.0, head: 3.141592653589793, rest: 0.2758),
      ])
  }

  func testSinh() {
    check(
      "sinh", below: 2, Elementary.sinh,
      [
        (x: 1e-05, head: 1.0000000000166668e-05, rest: -0.3649),
        (x: 0.4488957914121725, head: 0.46412439124481225, rest: -0.4059),
        (x: -2.0, head: -3.6268604078470186, rest: -0.4344),
        (x: 30.0, head: 5343237290762.231, rest: -0.3807),
        (x: 709.5, head: 6.774931596573164e+307, rest: -0.0098),
        (x: 710.2, head: 1.3643036845527107e+308, rest: 0.2814),
      ])
  }

  func testCosh() {
    check(
      "cosh", below: 2, Elementary.cosh,
      [
        (x: 1e-05, head: 1.00000000005, rest: -0.0186),
        (x: 1.7006521214702004, head: 2.8300413327867004, rest: 0.1281),
        (x: -5.307978543025762, head: 100.97327559334805, rest: -0.0137),
        (x: 30.0, head: 5343237290762.231, rest: -0.3807),
        (x: 709.5, head: 6.774931596573164e+307, rest: -0.0098),
      ])
  }

  func testTanh() {
    check(
      "tanh", below: 3, Elementary.tanh,
      [
        (x: 1e-05, head: 9.999999999666668e-06, rest: -0.2701),
        (x: 0.5087452165724042, head: 0.46896695619447437, rest: -0.0197),
        (x: -0.3855392495615178, head: -0.36750829712901806, rest: 0.2719),
        (x: 1.5, head: 0.9051482536448664, rest: 0.3782),
        (x: 20.0, head: 1.0, rest: -0.0383),
      ])
  }

  func testErf() {
    check(
      "erf", below: 1.5, Elementary.erf,
      [
        (x: 1e-05, head: 1.1283791670579e-05, rest: -0.0199),
        (x: 0.5, head: 0.5204998778130465, rest: 0.1711),
        (x: -0.83, head: -0.759523756937773, rest: -0.0851),
        (x: 0.8632785807114133, head: 0.7778610732059762, rest: 0.2077),
        (x: 1.0651905073399943, head: 0.8680372397624972, rest: 0.2434),
        (x: 2.5, head: 0.999593047982555, rest: 0.4227),
        (x: 5.0, head: 0.9999999999984626, rest: -0.2067),
      ])
  }

  func testErfc() {
    check(
      "erfc", below: 4, Elementary.erfc,
      [
        (x: -3.0, head: 1.9999779095030015, rest: -0.2585),
        (x: -0.3, head: 1.3286267594591274, rest: -0.1468),
        (x: 0.1, head: 0.887537083981715, rest: 0.4917),
        (x: 0.499, head: 0.48037934401053156, rest: -0.3855),
        (x: 0.830882, head: 0.2399768756790224, rest: -0.3827),
        (x: 1.9468860380427424, head: 0.005899552780944741, rest: 0.1742),
        (x: 7.610951681262249, head: 5.118216415554733e-27, rest: -0.4297),
        (x: 15.737466991698339, head: 9.836253789413969e-110, rest: 0.1157),
        (x: 26.0, head: 5.663192408856143e-296, rest: -0.3179),
      ])
  }

  func testScaledErfc() {
    check(
      "scaledErfc", below: 5, Elementary.scaledErfc,
      [
        (x: 0.5, head: 0.6156903441929259, rest: -0.2083),
        (x: 1.0, head: 0.427583576155807, rest: 0.0943),
        (x: 19.42, head: 0.029013622430652676, rest: -0.1190),
        (x: 28.15101930062596, head: 0.02002891208202849, rest: -0.1077),
        (x: 1000.0, head: 0.0005641893014533876, rest: 0.2132),
      ])
  }

  func testPow() {
    check(
      "pow", below: 1, Elementary.pow,
      [
        (x: 2.0, y: 0.5, head: 1.4142135623730951, rest: -0.4354),
        (x: 10.0, y: -3.0, head: 0.001, rest: -0.0960),
        (x: 0.036978466977, y: -7.258767457674388, head: 24827094867.947323, rest: 0.1990),
        (x: 0.9720360569738057, y: 2675.30306427606, head: 1.1133206522174841e-33, rest: -0.1855),
        (x: 1e-82, y: -1.5, head: 1.0000000000000001e+123, rest: -0.4539),
        (x: 3.254357233324612, y: -45.0, head: 8.690903290636997e-24, rest: -0.4996),
        (x: 1.0000001, y: 1000000000.0, head: 2.6881038582144647e+43, rest: -0.2858),
      ])
  }

  func testHypot() {
    check(
      "hypot", below: 1, Elementary.hypot,
      [
        (x: 3.0, y: 4.0, head: 5.0, rest: 0.0000),
        (x: 1e+300, y: 1e+300, head: 1.4142135623730952e+300, rest: -0.1545),
        (x: 1e-200, y: 2e-200, head: 2.2360679774997897e-200, rest: 0.0207),
        (x: 0.7133679207356796, y: 0.826671436525771, head: 1.091915497784663, rest: 0.4995),
      ])
  }

  func testAtan2() {
    check(
      "atan2", below: 2, Elementary.atan2,
      [
        (x: 1.0, y: 1.0, head: 0.7853981633974483, rest: 0.2758),
        (x: -0.24422603398336795, y: -0.06649681175802802, head: -1.8366280078622967, rest: 0.1560),
        (x: 1e-05, y: -3.3, head: 3.141589623286763, rest: 0.2504),
        (x: 2.0, y: -0.001, head: 1.57129632675323, rest: -0.4325),
      ])
  }

  /// Powers whose result is a short decimal or a whole number must hit it exactly.
  func testExactResults() {
    XCTAssertEqual(Elementary.pow(10, -3), 0.001)
    XCTAssertEqual(Elementary.pow(10, 15), 1e15)
    XCTAssertEqual(Elementary.pow(-2, 3), -8)
    XCTAssertEqual(Elementary.log10(1e15), 15)
    XCTAssertEqual(Elementary.log2(0.125), -3)
    XCTAssertEqual(Elementary.cbrt(-27), -3)
    XCTAssertEqual(Elementary.hypot(3000, 4000), 5000)
    XCTAssertEqual(Elementary.log(1), 0)
    XCTAssertEqual(Elementary.exp(0), 1)
  }

  /// IEEE 754-2019 clause 9.2.1, table 9.1 and the text of `pow` and `atan2`.
  func testSpecialValues() {
    XCTAssertTrue(Elementary.log(-1).isNaN)
    XCTAssertTrue(Elementary.log1p(-1.5).isNaN)
    XCTAssertEqual(Elementary.log(0), -.infinity)
    XCTAssertEqual(Elementary.exp(-.infinity), 0)
    XCTAssertEqual(Elementary.exp(.infinity), .infinity)
    XCTAssertTrue(Elementary.sin(.infinity).isNaN)
    XCTAssertTrue(Elementary.asin(1.0000001).isNaN)
    XCTAssertTrue(Elementary.pow(-8, 1.0 / 3).isNaN)
    XCTAssertEqual(Elementary.pow(.nan, 0), 1)
    XCTAssertEqual(Elementary.pow(1, .nan), 1)
    XCTAssertEqual(Elementary.pow(0, -1), .infinity)
    XCTAssertEqual(Elementary.pow(-0.0, -1), -.infinity)
    XCTAssertEqual(Elementary.pow(-1, .infinity), 1)
    XCTAssertEqual(Elementary.pow(0.5, .infinity), 0)
    XCTAssertEqual(Elementary.pow(2, 5000), .infinity)
    XCTAssertEqual(Elementary.pow(2, -5000), 0)
    XCTAssertEqual(Elementary.atan2(0, -1), 3.141592653589793)
    XCTAssertEqual(Elementary.atan2(-0.0, 1).sign, .minus)
    XCTAssertEqual(Elementary.atan2(.infinity, -.infinity), 0.75 * 3.141592653589793)
    XCTAssertEqual(Elementary.erf(.infinity), 1)
    XCTAssertEqual(Elementary.erfc(-.infinity), 2)
    XCTAssertEqual(Elementary.tanh(-1000), -1)
    XCTAssertEqual(Elementary.cbrt(.infinity), .infinity)
  }
}
