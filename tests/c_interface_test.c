/* The C interface from C: c_interface_test NETWORK PICTURE OUTPUT.png, a network that doubles sides. Ends with 0 when all is as it should be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mantissa/mantissa.h"

static int failures = 0;

static void check(int good, const char* what, int line) {
  if (good) return;
  fprintf(stderr, "line %d: %s\n", line, what);
  ++failures;
}
#define CHECK(what) check((what) != 0, #what, __LINE__)

/* The call failed with this code and a sentence with this word. */
static void check_failed(int code, int expected, mantissa_error* error, const char* word, int line) {
  check(code == expected && error != NULL && mantissa_error_code(error) == expected, "another code", line);
  check(error != NULL && strstr(mantissa_error_message(error), word) != NULL, mantissa_error_message(error), line);
  mantissa_error_free(error);
}
#define CHECK_FAILED(call, code, word)                 \
  do {                                                 \
    mantissa_error* error = NULL;                      \
    const int result = call;                           \
    check_failed(result, code, error, word, __LINE__); \
  } while (0)

static int stop_at_once(void* user, int done, int tiles) {
  *(int*)user = 100 * done + tiles;
  return 1;
}

static mantissa_pixels pixels_of(int width, int height, void* data) {
  mantissa_pixels pixels;
  memset(&pixels, 0, sizeof pixels);
  pixels.size = sizeof pixels;
  pixels.width = width;
  pixels.height = height;
  pixels.channels = 3;
  pixels.type = MANTISSA_UINT8;
  pixels.data = data;
  return pixels;
}

static void test_errors(const char* network) {
  mantissa_runner* runner = NULL;
  mantissa_options options;
  mantissa_control control;
  unsigned char byte = 0;
  mantissa_pixels pixels = pixels_of(1, 1, &byte);
  memset(&options, 0, sizeof options);
  memset(&control, 0, sizeof control);
  CHECK_FAILED(mantissa_open("no-such-network", NULL, &runner, &error), MANTISSA_BAD_INPUT, "no-such-network");
  CHECK(runner == NULL);
  CHECK_FAILED(mantissa_open(NULL, NULL, &runner, &error), MANTISSA_USAGE, "model");
  CHECK_FAILED(mantissa_open(network, NULL, NULL, &error), MANTISSA_USAGE, "runner");
  CHECK_FAILED(mantissa_open(network, &options, &runner, &error), MANTISSA_USAGE, "sizeof(mantissa_options)");
  options.size = sizeof options;
  options.provider = "abacus";
  CHECK_FAILED(mantissa_open(network, &options, &runner, &error), MANTISSA_USAGE, "abacus");
  options.provider = NULL;
  options.scale = 1000;
  CHECK_FAILED(mantissa_open(network, &options, &runner, &error), MANTISSA_USAGE, "scale");
  CHECK_FAILED(mantissa_restore(NULL, &pixels, &pixels, NULL, &error), MANTISSA_USAGE, "runner");
  CHECK(mantissa_open("no-such-network", NULL, &runner, NULL) == MANTISSA_BAD_INPUT);
  mantissa_close(NULL);
  mantissa_error_free(NULL);
}

/* A structure as an earlier or later version of this header has it. */
static void test_sizes(const char* network) {
  struct {
    mantissa_options options;
    const char* later;
  } longer;
  mantissa_runner* runner = NULL;
  memset(&longer, 0, sizeof longer);
  longer.options.size = offsetof(mantissa_options, variant); /* only `provider` was there */
  longer.options.variant = "not looked at";
  CHECK(mantissa_open(network, &longer.options, &runner, NULL) == MANTISSA_DONE);
  mantissa_close(runner);
  longer.options.variant = NULL;
  longer.options.size = sizeof longer;
  CHECK(mantissa_open(network, &longer.options, &runner, NULL) == MANTISSA_DONE);
  mantissa_close(runner);
  longer.later = "wanted";
  CHECK_FAILED(mantissa_open(network, &longer.options, &runner, &error), MANTISSA_UNSUPPORTED, "newer");
}

static void test_pixels(const mantissa_runner* runner) {
  unsigned char *input = calloc(30 * 20, 3), *output = calloc(60 * 40, 3);
  mantissa_pixels from = pixels_of(30, 20, input), to = pixels_of(60, 40, output);
  mantissa_control control;
  mantissa_info info;
  int width = 0, height = 0, seen = 0;
  memset(&info, 0, sizeof info);
  info.size = sizeof info;
  CHECK(mantissa_describe(runner, &info, NULL) == MANTISSA_DONE);
  CHECK(info.network_scale == 2 && info.scale == 2 && strcmp(info.variant, "fp32") == 0 && strlen(info.provider) > 0);
  CHECK(mantissa_output_size(runner, 30, 20, &width, &height, NULL) == MANTISSA_DONE && width == 60 && height == 40);
  memset(input, 200, 30 * 20 * 3);
  CHECK(mantissa_restore(runner, &from, &to, NULL, NULL) == MANTISSA_DONE);
  CHECK(output[0] > 100 && output[60 * 40 * 3 - 1] > 100);
  to.width = 61;
  CHECK_FAILED(mantissa_restore(runner, &from, &to, NULL, &error), MANTISSA_USAGE, "60 x 40");
  to.width = 60;
  memset(&control, 0, sizeof control);
  control.size = sizeof control;
  control.progress = stop_at_once;
  control.user = &seen;
  CHECK_FAILED(mantissa_restore(runner, &from, &to, &control, &error), MANTISSA_INTERRUPTED, "stopped");
  CHECK(seen > 101); /* one of several tiles */
  free(input);
  free(output);
}

int main(int count, char** arguments) {
  mantissa_runner* runner = NULL;
  mantissa_options options;
  if (count != 4) return 2;
  CHECK(strchr(mantissa_version(), '.') != NULL);
  test_errors(arguments[1]);
  test_sizes(arguments[1]);
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.tile_size = 24; /* several tiles */
  CHECK(mantissa_open(arguments[1], &options, &runner, NULL) == MANTISSA_DONE);
  if (runner == NULL) return 1;
  test_pixels(runner);
  remove(arguments[3]);
  CHECK(mantissa_restore_file(runner, arguments[2], arguments[3], NULL, NULL) == MANTISSA_DONE);
  CHECK_FAILED(mantissa_restore_file(runner, arguments[2], arguments[3], NULL, &error), MANTISSA_BAD_INPUT, "exists");
  mantissa_close(runner);
  return failures > 0;
}
