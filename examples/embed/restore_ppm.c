/* Restores a picture in memory, from C: restore_ppm RELEASE|NETWORK < in.ppm > out.ppm */
#include <stdio.h>
#include <stdlib.h>

#include "mantissa/mantissa.h"

static int fail(mantissa_error* error) {
  const int code = mantissa_error_code(error);
  fprintf(stderr, "%s\n", mantissa_error_message(error));
  mantissa_error_free(error);
  return code;
}

/* Restores `input`, and writes what comes out. */
static int restore(const mantissa_runner* runner, const mantissa_pixels* input) {
  mantissa_error* error = NULL;
  mantissa_pixels output = *input; /* of the same kind */
  if (mantissa_output_size(runner, input->width, input->height, &output.width, &output.height, &error)) return fail(error);
  const size_t bytes = (size_t)output.width * (size_t)output.height * 3;
  output.data = malloc(bytes);
  if (output.data == NULL) return fail(NULL);
  const int code = mantissa_restore(runner, input, &output, NULL, &error);
  if (code == MANTISSA_DONE) {
    printf("P6\n%d %d\n255\n", output.width, output.height);
    fwrite(output.data, 1, bytes, stdout);
  }
  free(output.data);
  return code == MANTISSA_DONE ? 0 : fail(error);
}

int main(int count, char** arguments) {
  mantissa_error* error = NULL;
  mantissa_runner* runner = NULL;
  mantissa_pixels input = {0};
  if (count != 2) return fprintf(stderr, "usage: restore_ppm RELEASE|NETWORK < in.ppm > out.ppm\n"), 2;
  input.size = sizeof input;
  input.channels = 3;
  input.type = MANTISSA_UINT8;
  if (scanf("P6 %5d %5d 255%*1c", &input.width, &input.height) != 2 || input.width < 1 || input.height < 1)
    return fprintf(stderr, "standard input is no PPM of 8 bits\n"), 3;
  const size_t bytes = (size_t)input.width * (size_t)input.height * 3;
  input.data = malloc(bytes);
  if (input.data == NULL || fread(input.data, 1, bytes, stdin) != bytes)
    return free(input.data), fprintf(stderr, "standard input ends early\n"), 3;

  int code = mantissa_open(arguments[1], NULL, &runner, &error);
  code = code == MANTISSA_DONE ? restore(runner, &input) : fail(error);
  mantissa_close(runner);
  free(input.data);
  return code;
}
