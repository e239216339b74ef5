#ifndef ETALON_LOOP_TWIN_H
#define ETALON_LOOP_TWIN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What both programs of the closed loop are given. Times in seconds, period in nanoseconds.
typedef struct {
  // The plant's exact step: quantity, lag.
  double keep, couple, take, lagKeep, lagTake, noise;
  double initialVariance[2], referenceNoise, deviceNoise, motionNoise;
  // PID.
  double pidGain, pidIntegral;
  // LQG: observer and gains.
  double oKeep, oCouple, oTake, oLagKeep, oLagTake, rKeep, rCouple, rTake, aKeep, aCouple, aTake, aLagKeep, aLagTake;
  double quantityNoise, lagNoise, disturbanceNoise, startVariance, gain, idle, lag, secondLag;
  double nominal, lower, upper, initial;
  double quantityGains[8], lagGains[8];
  int64_t delay, periodNanoseconds;
} LoopTwinSetup;

/// Channels with seeds 1, 2, 3 ...; `lqg` chooses the controller.
void *loop_twin_create(const LoopTwinSetup *setup, int64_t channels, int32_t lqg);
/// Runs all channels for so many ticks.
/// @return The sum of outputs and corrected values of the last tick.
double loop_twin_run(void *loop, int64_t ticks);
/// Frees it.
void loop_twin_destroy(void *loop);

#ifdef __cplusplus
}
#endif
#endif
