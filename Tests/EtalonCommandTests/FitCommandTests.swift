import Foundation
import XCTest

@testable import etalon

final class FitCommandTests: XCTestCase {
  private func report(_ arguments: [String], _ csv: String) throws -> FitReport {
    try FitCommand.parse(["data.csv"] + arguments).makeReport(try DataTable(text: csv, path: "data.csv"))
  }

  private let thermometer = """
    # GUM H.3, table H.6: t − 20 °C and the correction
    t [°C], b [°C]
    1.521, -0.171
    2.012, -0.169
    2.512, -0.166
    3.003, -0.159
    3.507, -0.164
    3.999, -0.165
    4.513, -0.156
    5.002, -0.157
    5.503, -0.159
    6.010, -0.161
    6.511, -0.160
    """

  func testThermometerOfGUMH3() throws {
    // GUM H.3.3 and H.3.4.
    let report = try report(["--at", "10"], thermometer)
    XCTAssertEqual(report.parameters[0], -0.1712, accuracy: 5e-5)
    XCTAssertEqual(report.standardUncertainties[0], 0.0029, accuracy: 5e-5)
    XCTAssertEqual(report.forward[0].value, -0.1494, accuracy: 5e-5)
    XCTAssertEqual(report.forward[0].uncertainty, 0.0041, accuracy: 5e-5)
    XCTAssertTrue(report.text.contains("-0.14938  0.00414"), report.text)
    XCTAssertTrue(report.text.contains("GUM H.3"), report.text)
    let picture = try XCTUnwrap(report.svg)
    XCTAssertTrue(picture.contains("t / °C") && picture.contains("b / °C"))
    XCTAssertEqual(picture.components(separatedBy: "<circle").count - 1, 11)
    XCTAssertEqual(report.json["dof"] as? Int, 9)
    XCTAssertTrue(JSONSerialization.isValidJSONObject(report.json))
  }

  func testLineWithStatedUncertaintiesAndInverse() throws {
    // ISO/TS 28037:2010, 6.3, p. 13, and 7.4, p. 21.
    let equal = "x,y\n1,3.3\n2,5.6\n3,7.1\n4,9.3\n5,10.7\n6,12.1"
    let weighted = try report(["--uy", "0.5", "--inverse", "10.5±0.5"], equal)
    XCTAssertEqual(weighted.inverse[0].value, 4.913, accuracy: 0.0006)
    XCTAssertEqual(weighted.inverse[0].uncertainty, 0.322, accuracy: 0.0006)
    XCTAssertTrue(weighted.text.contains("χ² observed 1.665, 95 % limit 9.488"), weighted.text)
    let pairs = "x,y,uy\n1.2,3.4,0.2\n1.9,4.4,0.2\n2.9,7.2,0.2\n4,8.5,0.4\n4.7,10.8,0.4\n5.9,13.5,0.4"
    let distance = try report(["--ux", "0.2", "--uy", "uy", "--at", "3.5+-0.2"], pairs)
    XCTAssertEqual(distance.parameters[0], 0.5788, accuracy: 0.0001)
    XCTAssertEqual(distance.forward[0].uncertainty, 0.484, accuracy: 0.0006)
    XCTAssertTrue(distance.text.contains("clause 7"), distance.text)
  }

  func testModelFromEitherStart() throws {
    // NIST StRD, Misra1a: b1 = 238.94212918, b2 = 5.5015643181e-4, u(b1) = 2.7070075241.
    let data = """
      x;y
      77,6;10,07
      114,9;14,73
      141,1;17,94
      190,8;23,93
      239,9;29,61
      289,0;35,18
      332,8;40,02
      378,4;44,82
      434,8;50,76
      477,3;55,05
      536,8;61,01
      593,1;66,40
      689,1;75,47
      760,0;81,78
      """
    for start in ["b1=500,b2=0.0001", "b1=250,b2=0.0005"] {
      let fit = try report(["--model", "y = b1*(1 - exp(-b2*x))", "--start", start, "--at", "100,200"], data)
      XCTAssertEqual(fit.parameters[0], 238.94212918, accuracy: 1e-6)
      XCTAssertEqual(fit.parameters[1], 5.5015643181e-4, accuracy: 1e-12)
      XCTAssertEqual(fit.standardUncertainties[0], 2.7070075241, accuracy: 1e-6)
      XCTAssertEqual(fit.forward.count, 2)
      XCTAssertNotNil(fit.svg)
    }
  }

  func testFaultsNameWhatIsWrong() {
    func assertFails(_ arguments: [String], _ csv: String, _ words: String, line: UInt = #line) {
      XCTAssertThrowsError(try report(arguments, csv), line: line) { error in
        let text = "\(error)"
        XCTAssertTrue(text.contains(words), text, line: line)
      }
    }
    let data = "x,y\n1,2\n2,3\n3,5\n4,4"
    assertFails(["--y", "z"], data, "no column 'z'; the file has x, y")
    assertFails(["--degree", "5"], data, "4 points, at least 7")
    assertFails(["--uy", "0"], data, "has to be positive")
    assertFails([], "x,y\n1,2\n1,3\n1,4", "only 1 different abscissae")
    assertFails([], "x,y\n1,2\n2,nan\n3,4", "data.csv:3: 'nan' in column 'y' is not a finite number")
    assertFails([], "x,y\n1,2\n2\n", "data.csv:3: 1 cells where 2 are needed")
    assertFails(["--uy", "u"], "x,y [V],u [A]\n1,2,1\n2,3,1\n3,5,1", "column 'u' is in A, which is no V")
    assertFails(["--uy", "u"], "x,y [V],u [volts]\n1,2,1\n2,3,1\n3,5,1", "there is no unit")
    assertFails([], "x,x\n1,2", "data.csv:1: the column name 'x' appears twice")
    assertFails([], "x,y\n", "the file holds no data")
    assertFails([], "", "the file is empty")
    assertFails(["--model", "y = a*x", "--start", "b=1"], data, "'a' is neither a column of the file")
    assertFails(["--model", "y = a*x", "--start", "a=1,b=1"], data, "'b', which is no parameter")
    assertFails(["--model", "y = a/(x-2)", "--start", "a=1"], data, "no finite value at point 1")
    for arguments in [
      ["--model", "y = a*x"], ["--start", "a=1"], ["--ux", "1", "--degree", "2"], ["--degree", "two"],
    ] {
      XCTAssertThrowsError(try FitCommand.parse(["data.csv"] + arguments), "\(arguments)")
    }
  }
}

final class ColumnUnitsTests: XCTestCase {
  /// Uncertainties in millivolts beside volts, and in kelvin beside degrees Celsius.
  func testUncertaintiesComeToTheUnitOfTheirColumn() throws {
    func fit(_ text: String, _ arguments: [String]) throws -> FitReport {
      try FitCommand.parse(["d.csv"] + arguments).makeReport(DataTable(text: text, path: "d.csv"))
    }
    let rows = [(0, 1), (1, 3), (2, 4)]
    let volts = "x [°C],y [V],u [V],w [K]\n" + rows.map { "\($0),\($1),0.002,0.1\n" }.joined()
    let millivolts = "x [°C],y [V],u [mV],w [mK]\n" + rows.map { "\($0),\($1),2,100\n" }.joined()
    for arguments in [
      ["--x", "x", "--y", "y", "--uy", "u"], ["--x", "x", "--y", "y", "--uy", "u", "--ux", "w"],
      ["--model", "y = a + b*x", "--start", "a=1,b=1", "--uy", "u"],
    ] {
      let first = try fit(volts, arguments)
      let second = try fit(millivolts, arguments)
      for (a, b) in zip(first.covariance.elements, second.covariance.elements) {
        XCTAssertEqual(a, b, accuracy: 1e-12 * abs(a), "\(arguments)")
      }
      XCTAssertEqual(first.consistency?.observed ?? .nan, second.consistency?.observed ?? 0, accuracy: 1e-9)
    }
  }
}

final class DataTableTests: XCTestCase {
  func testSeparatorsUnitsAndComments() throws {
    let comma = try DataTable(text: "\u{FEFF}# made by hand\nt (°C), R [Ω]\r\n1.5,2e-3\r\n-3,+4\r\n", path: "a")
    XCTAssertEqual(comma.names, ["t", "R"])
    XCTAssertEqual(comma.columns.map(\.unit), ["°C", "Ω"])
    XCTAssertEqual(comma["R"]?.values, [2e-3, 4])
    let tabs = try DataTable(text: "a\tb\n1,5\t2\n", path: "b")
    XCTAssertEqual(tabs["a"]?.values, [1.5])
    XCTAssertEqual(tabs["a"]?.literals, ["1.5"])
    let bare = try DataTable(text: "1,2\n3,4\n", path: "c")
    XCTAssertEqual(bare.names, ["1", "2"])
    XCTAssertEqual(bare.rowCount, 2)
  }

  func testJSONShapes() throws {
    let columns = try DataTable(text: #"{"x": [1, 2.5], "y": ["1000000000000.4", 4], "note": "ignored"}"#, path: "j")
    XCTAssertEqual(columns.names, ["x", "y"])
    XCTAssertEqual(columns["y"]?.literals[0], "1000000000000.4")
    let rows = try DataTable(text: #"[{"x": 1, "y": 2}, {"x": 3, "y": 4}]"#, path: "j")
    XCTAssertEqual(rows["y"]?.values, [2, 4])
    for text in [
      #"{"x": [1, null]}"#, #"{"x": [1], "y": [1, 2]}"#, #"[{"x": 1}, {"y": 2}]"#, "[1, null]", "{", #"{"x": []}"#,
    ] {
      XCTAssertThrowsError(try DataTable(text: text, path: "j"), text) { XCTAssertTrue($0 is DataFault) }
    }
  }
}

/// RFC 4180, section 2, and what people's files do beyond it.
final class CSVRecordsTests: XCTestCase {
  func testRecordsOfTheRFC() throws {
    for (text, cells) in [
      ("aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n", [["aaa", "bbb", "ccc"], ["zzz", "yyy", "xxx"]]),
      ("aaa,bbb\r\nzzz,yyy", [["aaa", "bbb"], ["zzz", "yyy"]]),
      ("\"aaa\",\"b\r\nbb\",\"ccc\"\r\nzzz,,xxx", [["aaa", "b\nbb", "ccc"], ["zzz", "", "xxx"]]),
      ("\"aaa\",\"b\"\"bb\",\"c,c\"", [["aaa", "b\"bb", "c,c"]]), ("\" a \", b ", [[" a ", "b"]]),
      ("\"a;b\";c\n1,5;2\n", [["a;b", "c"], ["1,5", "2"]]), ("a,\n,\n", [["a", ""], ["", ""]]), ("", []),
      ("# by hand, 2026\n\na\tb\n# more\n1\t2\n", [[""], ["a", "b"], ["1", "2"]]), ("\"\"\n", [[""]]),
    ] as [(String, [[String]])] {
      XCTAssertEqual(try CSVRecords(text, path: "f").records.map(\.cells), cells, text.debugDescription)
    }
    let lines = try CSVRecords("# c\n\"a\nb\",1\n\nc,2\n", path: "f").records.map(\.line)
    XCTAssertEqual(lines, [2, 4, 5])
  }

  func testFaultsNameTheLine() {
    for (text, line, reason) in [
      ("a,b\n1,\"2\n3", 2, "never closed"), ("a,b\n1,2\"3\n", 2, "quote inside"),
      ("a\n\"1\"2\n", 2, "after the closing"),
    ] {
      XCTAssertThrowsError(try CSVRecords(text, path: "f"), text) {
        XCTAssertEqual(($0 as? DataFault)?.line, line)
        XCTAssertTrue("\($0)".contains(reason), "\($0)")
      }
    }
    XCTAssertThrowsError(try DataTable(text: "x,y\n1,2\n\n3,\n", path: "f")) {
      XCTAssertEqual("\($0)", "f:4: there is no value in column 'y'")
    }
  }

  /// What is written reads back as it was.
  func testWhatIsWrittenReadsBack() throws {
    let text = CSVText.table(
      ["name, \"x\"", "value"], [["a\nb", 0.1], ["", nil], ["c", Double.nan], ["#d", -1e-300]])
    let table = try TextTable(text: text, path: "f")
    XCTAssertEqual(table.names, ["name, \"x\"", "value"])
    XCTAssertEqual(table.rows, [["a\nb", "0.1"], ["", ""], ["c", ""], ["#d", "-1e-300"]])
  }
}

final class SVGPlotTests: XCTestCase {
  func testSameDataSameBytesAndWellFormed() throws {
    var plot = SVGPlot(title: "a < b & \"c\"", xLabel: "τ / s", yLabel: "σ")
    plot.xScale = .logarithmic
    plot.yScale = .logarithmic
    plot.layers = [
      .line([(1, 1e-9), (10, 1e-10), (1000, 3e-12)], colour: "#000"),
      .points([(1, 1e-9), (0, 1)], yBars: [1e-10, 1], colour: "#f00"),
    ]
    let first = try XCTUnwrap(plot.svg())
    XCTAssertEqual(first, plot.svg())
    XCTAssertTrue(first.contains("a &lt; b &amp; &quot;c&quot;"))
    XCTAssertTrue(first.contains(">10⁻¹²<"), first)
    // A point that a logarithmic axis can not show is left out, not drawn at the edge.
    XCTAssertEqual(first.components(separatedBy: "<circle").count - 1, 1)
    let parser = XMLChecker()
    XCTAssertTrue(parser.isWellFormed(first))
    XCTAssertFalse(parser.isWellFormed(first.replacingOccurrences(of: "</svg>", with: "")))
  }

  func testNothingToDraw() {
    var plot = SVGPlot(title: "", xLabel: "", yLabel: "")
    XCTAssertNil(plot.svg())
    plot.layers = [.line([(.nan, 1)], colour: "#000")]
    XCTAssertNil(plot.svg())
  }

  func testTicksAreRound() throws {
    let axis = try XCTUnwrap(SVGPlot.Axis(values: [0, 7.3], scale: .linear))
    XCTAssertEqual(axis.ticks.map(\.label), ["0", "2", "4", "6"])
    let one = try XCTUnwrap(SVGPlot.Axis(values: [5, 5], scale: .linear))
    XCTAssertLessThan(one.low, one.high)
  }
}

/// Tags closed in the order they were opened: enough to see that a generated picture is XML.
private struct XMLChecker {
  func isWellFormed(_ text: String) -> Bool {
    var open: [Substring] = []
    var rest = text[...]
    while let start = rest.firstIndex(of: "<") {
      guard let end = rest[start...].firstIndex(of: ">") else { return false }
      let tag = rest[rest.index(after: start)..<end]
      if tag.hasPrefix("/") {
        guard open.popLast() == tag.dropFirst() else { return false }
      } else if !tag.hasSuffix("/") {
        open.append(tag.prefix { !$0.isWhitespace })
      }
      rest = rest[rest.index(after: end)...]
    }
    return open.isEmpty && !text.isEmpty
  }
}

final class FiguresTests: XCTestCase {
  func testValueAndUncertaintyShareTheirPlace() {
    XCTAssertTrue(Figures.pair(238.94212918, 2.7070075241) == ("238.94", "2.71"))
    XCTAssertTrue(Figures.pair(-0.14937681, 0.0041386) == ("-0.14938", "0.00414"))
    XCTAssertTrue(Figures.pair(5.6177717e-09, 6.1124e-09) == ("5.62e-9", "6.11e-9"))
    XCTAssertTrue(Figures.pair(1234567890, 3210) == ("1.23456789e9", "0.00000321e9"))
    XCTAssertEqual(Figures.significant(0.000123456, 3), "0.000123")
    XCTAssertEqual(Figures.significant(.infinity), "∞")
  }
}
