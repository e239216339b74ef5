// The calibration's recursions as one would write them in C, operation by operation as in the Swift sources: peers for
// scripts/bench-calibration. Compiled with -O3 -ffp-contract=off.
#ifndef C_CALIBRATION_TWIN_H
#define C_CALIBRATION_TWIN_H

struct line_twin {
  double offset, gain, offset_variance, covariance, gain_variance;
};

// `count` updates over `length` places and values, again and again, with drift between.
void line_twin_run(struct line_twin *state, const double *places, const double *values, long length, long count,
                   double noise, double drift_offset, double drift_gain);

// Two parameters and three consider parameters in UD form.
struct consider_twin {
  double theta[2];
  double unit;
  double diagonal[2];
  double sensitivity[2][3];
};

void consider_twin_run(struct consider_twin *state, const double *places, const double *values, long length, long count,
                       double noise, double drift_offset, double drift_gain);

#endif
