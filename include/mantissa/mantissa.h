/* mantissa for C, and for every language that can call it: what runner.h has, behind opaque handles.
 *
 *   mantissa_error* error = NULL;
 *   mantissa_runner* runner = NULL;
 *   if (mantissa_open("release", NULL, &runner, &error) != MANTISSA_DONE) {
 *     fprintf(stderr, "%s\n", mantissa_error_message(error));
 *     mantissa_error_free(error);
 *   }
 *
 * Text is UTF-8. Structures begin with their size, which the caller sets to sizeof, and grow only at their end: a
 * program works with a later library as it was built. A member that is 0 has its default, so zero a structure first.
 * Functions that return an int give MANTISSA_DONE or the kind of the failure; where `error` is not NULL they then set
 * *error to what happened, which the caller frees, and to NULL otherwise. No exception leaves the library. */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  MANTISSA_DONE = 0,
  MANTISSA_USAGE = 2,        /* arguments that make no sense */
  MANTISSA_BAD_INPUT = 3,    /* a file or picture is missing, damaged or of the wrong kind, or cannot be written */
  MANTISSA_UNSUPPORTED = 5,  /* sound, but this version or this machine cannot do it */
  MANTISSA_INTERNAL = 70,    /* a mistake of the library */
  MANTISSA_INTERRUPTED = 130 /* stopped by a callback */
};

typedef struct mantissa_error mantissa_error;
typedef struct mantissa_runner mantissa_runner;

/* "0.1.0", of the library that is loaded. */
const char* mantissa_version(void);

/* One sentence that says what is wrong, where, and what to do; lives as long as the error. */
const char* mantissa_error_message(const mantissa_error* error);
int mantissa_error_code(const mantissa_error* error);
void mantissa_error_free(mantissa_error* error); /* NULL is nothing */

typedef struct mantissa_options {
  size_t size;
  const char* provider; /* "openvino-cpu"; NULL: the fastest that passed */
  const char* variant;  /* "int8"; NULL: the fastest that passed */
  const char* range;    /* "0:255", for a network file; NULL: known or assumed */
  const char* colour;   /* "rgb", "ycbcr" or "luminance", for a network file; NULL: known or assumed */
  double scale;         /* of the output to the input, along a side, 1/64 to 64; 0: the network's own */
  double sigma;         /* where has_sigma is not 0: how noisy the pictures are, in 8-bit levels */
  int has_sigma;
  int tile_size;             /* largest side of a tile in input pixels; 0: chosen */
  int threads;               /* 0: all cores */
  int restore_alpha;         /* not 0: by the network, as a grey picture; 0: resampled */
  unsigned long long memory; /* bytes that it may take; 0: most of what the machine has free */
} mantissa_options;

/* Opens a release folder or a network file. `options` may be NULL. */
int mantissa_open(const char* model, const mantissa_options* options, mantissa_runner** runner, mantissa_error** error);
/* When no call is using it any more; NULL is nothing. */
void mantissa_close(mantissa_runner* runner);

typedef struct mantissa_info {
  size_t size;
  double scale; /* of the output to the input, along a side */
  int network_scale;
  const char* variant; /* these live as long as the runner */
  const char* provider;
  const char* reason;
} mantissa_info;

/* Fills as much of `info` as its size says. */
int mantissa_describe(const mantissa_runner* runner, mantissa_info* info, mantissa_error** error);
/* What a picture becomes. */
int mantissa_output_size(const mantissa_runner* runner, int width, int height, int* output_width, int* output_height,
                         mantissa_error** error);

enum {
  MANTISSA_UINT8 = 1,  /* 0 black, 255 white */
  MANTISSA_UINT16 = 2, /* 0 black, 65535 white, in the machine's byte order */
  MANTISSA_FLOAT32 = 3 /* 0 black, 1 white; results are neither clipped nor rounded */
};

typedef struct mantissa_pixels {
  size_t size;
  int width;
  int height;
  int channels;           /* 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha */
  int type;               /* MANTISSA_UINT8, ... */
  int planar;             /* 0: RGBRGB...; else all of R, then all of G, then all of B */
  ptrdiff_t row_stride;   /* bytes from a row to the next, may be negative; 0: packed */
  ptrdiff_t plane_stride; /* planar: bytes from a plane to the next; 0: packed */
  void* data;             /* the first sample; not written to where the picture is the input */
} mantissa_pixels;

typedef struct mantissa_control {
  size_t size;
  /* Called after each tile, on the thread that called; anything but 0 stops at the next tile. */
  int (*progress)(void* user, int done, int tiles);
  void* user;
  int quality;   /* of a file in a lossy format, 1..100; 0: the format's default */
  int overwrite; /* not 0: a file that exists is replaced */
} mantissa_control;

/* Several threads may restore with one runner at once. `control` may be NULL. */

/* A picture in memory into another, of mantissa_output_size() and with as many channels; they must not overlap. */
int mantissa_restore(const mantissa_runner* runner, const mantissa_pixels* input, const mantissa_pixels* output,
                     const mantissa_control* control, mantissa_error** error);
/* A picture file into another, which appears whole or not at all. */
int mantissa_restore_file(const mantissa_runner* runner, const char* input, const char* output,
                          const mantissa_control* control, mantissa_error** error);

#ifdef __cplusplus
}
#endif
