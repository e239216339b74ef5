import EtalonCore
import XCTest

final class ConsiderFactorsTests: XCTestCase {}
