// The kinds of benchmark that there are.
#pragma once

#include <span>

namespace dermatome {

class BenchmarkKind;

// All of them, in the order in which messages name them.
std::span<const BenchmarkKind* const> benchmark_kinds();

const BenchmarkKind& classification_kind();
const BenchmarkKind& concepts_kind();
const BenchmarkKind& retrieval_kind();

}  // namespace dermatome
