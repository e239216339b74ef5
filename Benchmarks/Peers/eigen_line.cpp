// Recursive least squares of a straight line with drift, as one writes it with Eigen's fixed-size matrices.
// eigen_line COUNT: prints nanoseconds for each update, and the state on standard error.
#include <Eigen/Core>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int count_arguments, char **arguments) {
  if (count_arguments != 2) return 64;
  const long count = std::atol(arguments[1]);
  const int length = 4096;
  std::vector<double> places(length), values(length);
  unsigned long long seed = 88172645463325252ULL;
  auto next = [&] {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return static_cast<double>(seed >> 11) / 9007199254740992.0;
  };
  for (int i = 0; i < length; i++) {
    places[i] = 2 * next() - 1;
    values[i] = 0.1 + 1.02 * places[i] + 0.01 * (next() - 0.5);
  }
  Eigen::Vector2d theta(0, 1);
  Eigen::Matrix2d covariance;
  covariance << 0.01, 0, 0, 0.0004;
  Eigen::Matrix2d drift = 1e-12 * Eigen::Matrix2d::Identity();
  const double noise = 2.5e-5;
  const auto start = std::chrono::steady_clock::now();
  int at = 0;
  for (long k = 0; k < count; k++) {
    const Eigen::Vector2d h(1, places[at]);
    covariance += drift;
    const Eigen::Vector2d ph = covariance * h;
    const double variance = h.dot(ph) + noise;
    const Eigen::Vector2d gain = ph / variance;
    theta += gain * (values[at] - h.dot(theta));
    covariance -= gain * ph.transpose();
    if (++at == length) at = 0;
  }
  const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - start;
  std::fprintf(stderr, "%.17g %.17g\n", theta[0], theta[1]);
  std::printf("%.4f\n", time.count() / static_cast<double>(count));
}
