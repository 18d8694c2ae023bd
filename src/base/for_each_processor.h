// An inner loop compiled for several processors: the loader takes the form that fits the one at hand. For plain loops over pointers that a compiler
// vectorises; a call inside one, even of an inline function of the standard library, is not inlined across the attribute.
#pragma once

// Not on Arm or macOS, where one form serves all, nor under sanitizers, which start too late for the loader's choice.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define MANTISSA_FOR_EACH_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), optimize("O3")))
#else
#define MANTISSA_FOR_EACH_PROCESSOR
#endif
