/// How the checker evaluates the cases of one category.
///
/// To add a category, write `<Name>Adapter.swift` with an extension like
/// ```swift
/// extension CategoryAdapter {
///   static let univariate = CategoryAdapter(category: "univariate") { referenceCase in
///     let summary = try SampleStatistics(referenceCase.doubles("y"))
///     return Evaluation(["mean": .number(summary.mean)])
///   }
/// }
/// ```
/// and one line in `CategoryAdapter.all`. An adapter is thin: it reads `inputs`, calls the public API and names the
/// results with exactly the keys of `expected` (the same nesting, the same order of lists); entries of `expected` that
/// only identify a row, like `{"TUR": 4, "pfa": …}`, are copied into the results. Return the results of every key you can
/// give; those not in `expected` are dropped. What `computed` of the case holds may be returned in
/// `Evaluation.computed` under the same keys; only the keys returned there are compared, with `computed_rel`.
/// Throw anything that describes itself for a case that can not be evaluated: it is reported as `fail`.
///
/// The engine finds the tolerance of a leaf in the case's `tolerance` object: by the leaf's own name, then the names
/// around it from the inside out, then `rel`, then `abs`; names ending in `_rel` and `rel` are relative. For
/// `min_log_relative_error_digits` the names give digits, and a leaf that is not named needs the smallest number of
/// digits listed. Without any, half a unit of the last published digit is allowed, and degrees of freedom must be equal.
/// Where the tolerance is prose, or a published value is known to be rounded otherwise, the adapter encodes the sentence
/// in `rule`, with a comment that cites it; `rule` is asked first, with the path of the leaf such as
/// `["contributions", "lS"]` or `["forward", "0", "u"]`.
struct CategoryAdapter: Sendable {
  let category: String
  let rule: @Sendable (ReferenceCase, _ path: [String]) -> AgreementRule?
  let evaluate: @Sendable (ReferenceCase) throws -> Evaluation

  init(
    category: String,
    rule: @escaping @Sendable (ReferenceCase, _ path: [String]) -> AgreementRule? = { _, _ in nil },
    evaluate: @escaping @Sendable (ReferenceCase) throws -> Evaluation
  ) {
    self.category = category
    self.rule = rule
    self.evaluate = evaluate
  }
}

/// What an adapter hands back.
struct Evaluation {
  var results: JSONValue
  var computed: JSONValue?
  /// Further checks of the same case that no key of `expected` names, for example that an inverse leads back.
  var checks: [Agreement] = []

  init(_ results: KeyValuePairs<String, JSONValue>, computed: KeyValuePairs<String, JSONValue>? = nil) {
    self.results = .dictionary(results)
    self.computed = computed.map { .dictionary($0) }
  }

  init(results: JSONValue, computed: JSONValue? = nil) {
    self.results = results
    self.computed = computed
  }
}
