// An inner loop compiled for several processors: the loader takes the form that fits the one at hand. For plain loops
// over pointers that a compiler vectorises; a call inside one, even of an inline function of the standard library, is
// not inlined across the attribute.
#pragma once

#include <cstddef>

// Not on Arm or macOS, where one form serves all, nor under sanitizers, which start too late for the loader's choice.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define MANTISSA_CLONES target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")
#define MANTISSA_FOR_EACH_PROCESSOR __attribute__((MANTISSA_CLONES, optimize("O3")))
// May fuse a multiplication and an addition, which the project forbids elsewhere so that every processor rounds alike:
// for sums of products whose last bits do not matter, at twice the speed.
#define MANTISSA_FOR_EACH_PROCESSOR_FUSED __attribute__((MANTISSA_CLONES, optimize("O3", "fp-contract=fast")))
#else
#define MANTISSA_FOR_EACH_PROCESSOR
#define MANTISSA_FOR_EACH_PROCESSOR_FUSED
#endif

// A loop over the lanes of a vector, a constant number, in a function as above: it becomes one operation. GCC would
// otherwise unroll it first, and then find the vector again by shuffling or not at all.
#if defined(__GNUC__) && !defined(__clang__)
#define MANTISSA_FOR_LANES(lane, count) _Pragma("GCC unroll 1") for (std::size_t lane = 0; lane < (count); ++lane)
#else
// NOLINTNEXTLINE(bugprone-macro-parentheses): a name that is declared cannot be in parentheses
#define MANTISSA_FOR_LANES(lane, count) for (std::size_t lane = 0; lane < (count); ++lane)
#endif
