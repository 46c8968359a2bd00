// Which scores are better when they are lower.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "src/eval/kinds/kinds.h"

namespace dermatome {

// {BENCHMARK: [SCORE, …]}, without benchmarks that have no such score. `validation` holds the
// scores in read_curves(), `evaluations` are those of read_evaluations(). A benchmark's kind is the
// one that its evaluations name; if none names a kind, the answers of all `kinds` count.
nlohmann::json scores_better_low(const nlohmann::json& validation,
                                 const nlohmann::json& evaluations,
                                 std::span<const BenchmarkKind* const> kinds = benchmark_kinds());

}  // namespace dermatome
