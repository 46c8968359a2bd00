#include "src/eval/benchmark_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "tests/config/config_error.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kHead = "name: tone\ndata: {csv: data/a.csv, images: /images}\n";
const std::string kClasses =
    "classes:\n"
    "  - {label: type-1-2, names: [light skin tone]}\n"
    "  - label: 3\n"
    "    names: [medium-light skin tone, \"fair: pale\"]\n";
const std::string kTemplates = "templates: [\"This emoji shows {}.\"]\n";
const std::string kMetrics = "metrics: [top1, balanced_accuracy]\n";

BenchmarkOptions load(const std::string& yaml) {
  return load_benchmark(write_yaml(yaml, "bench.yaml"));
}

std::string complaint(const std::string& yaml) {
  return complaint_about(write_yaml(yaml, "bench.yaml"),
                         [](const auto& path) { load_benchmark(path); });
}

TEST(BenchmarkFile, AClassificationBenchmarkIsRead) {
  const std::string yaml = "role: validation\n" + kHead + kClasses + kTemplates + kMetrics;
  const BenchmarkOptions options = load(yaml);
  EXPECT_EQ(options.name, "tone");
  EXPECT_EQ(options.kind, &classification_kind());
  EXPECT_EQ(options.role, BenchmarkRole::kValidation);
  EXPECT_EQ(options.csv, (write_yaml(yaml, "bench.yaml").parent_path() / "data/a.csv").string());
  EXPECT_EQ(options.images, "/images");
  EXPECT_EQ(options.image_column, "filename");
  const std::vector<BenchmarkClass> classes = {{"type-1-2", {"light skin tone"}},
                                               {"3", {"medium-light skin tone", "fair: pale"}}};
  EXPECT_EQ(options.classes, classes);
  EXPECT_THAT(options.templates, testing::ElementsAre("This emoji shows {}."));
  EXPECT_THAT(options.metrics, testing::ElementsAre("top1", "balanced_accuracy"));
}

TEST(BenchmarkFile, ARetrievalBenchmarkIsReadAndPathsFollowItsRoot) {
  const std::string yaml =
      "name: names\nkind: retrieval\nroot: ../x\n"
      "data: {csv: a.csv, images: i, image_column: f, caption_column: c}\n"
      "metrics: [R@1, R@10, mean_rank, median_rank]\n";
  const BenchmarkOptions options = load(yaml);
  EXPECT_EQ(options.kind, &retrieval_kind());
  EXPECT_EQ(options.role, BenchmarkRole::kTest);
  EXPECT_EQ(options.image_column, "f");
  EXPECT_EQ(options.caption_column, "c");
  const auto folder = write_yaml(yaml, "bench.yaml").parent_path().parent_path() / "x";
  EXPECT_EQ(options.csv, (folder / "a.csv").string());
  EXPECT_EQ(options.images, (folder / "i").string());
}

TEST(BenchmarkFile, WhatIsMissingIsNamed) {
  EXPECT_EQ(complaint(""),
            "bench.yaml: name = \"\" (the default) must say what results are called");
  EXPECT_THAT(complaint("name: a"), StartsWith("bench.yaml: data.csv = \"\" (the default) must"));
  EXPECT_THAT(complaint("name: a\ndata: {csv: a}"), HasSubstr(": data.images = "));
  EXPECT_THAT(complaint("name: a\ndata: {csv: a, images: b, label_column: }"),
              StartsWith("bench.yaml:2:27: data.label_column = (nothing) must name a column"));
  EXPECT_THAT(complaint(kHead + kTemplates + kMetrics),
              StartsWith("bench.yaml: classes = [] (the default) must list at least 2"));
  EXPECT_THAT(complaint(kHead + kClasses + kMetrics), HasSubstr("templates = []"));
  EXPECT_THAT(complaint(kHead + kClasses + kTemplates), HasSubstr("metrics = []"));
}

TEST(BenchmarkFile, WrongClassesAreNamedWithTheirPlace) {
  const std::string rest = kTemplates + kMetrics;
  EXPECT_THAT(complaint(kHead + "classes: [{label: a, names: [x]}]\n" + rest),
              StartsWith("bench.yaml:3:1: classes = […] must list at least 2"));
  EXPECT_EQ(
      complaint(kHead + "classes:\n - {label: a, names: [x]}\n - {label: a, names: [y]}\n" + rest),
      "bench.yaml:5:5: classes[1].label = a is another entry's label too");
  EXPECT_EQ(complaint(kHead + "classes:\n - {label: a, names: [x]}\n - {label: b}\n" + rest),
            "bench.yaml:5:4: classes[1] = {…} has no names");
  EXPECT_EQ(complaint(kHead + "classes:\n - {label: a, names: [x]}\n - {names: [b]}\n" + rest),
            "bench.yaml:5:4: classes[1] = {…} has no label");
  EXPECT_EQ(complaint(kHead + "classes:\n - {label: a, names: x}\n"),
            "bench.yaml:4:15: classes[0].names = x is not a list of texts");
  EXPECT_EQ(complaint(kHead + "classes:\n - {label: a, nams: [x]}\n"),
            "bench.yaml:4:15: unknown key 'classes[0].nams' with value [x]; the nearest known key "
            "is 'classes[0].names'");
  EXPECT_THAT(complaint(kHead + "classes: [a, b]\n"),
              AllOf(StartsWith("bench.yaml:3:11: 'classes[0]' = a"), HasSubstr("mapping")));
  EXPECT_THAT(complaint(kHead + "classes: a\n"), HasSubstr("classes = a is not a list of classes"));
  EXPECT_THAT(
      complaint(kHead + "classes: [{label: a, names: [x]}, {label: b, names: ['']}]\n" + rest),
      HasSubstr("classes[1].names = [\"\"] has an empty name"));
}

TEST(BenchmarkFile, TemplatesNeedAPlaceForTheName) {
  EXPECT_EQ(
      complaint(kHead + kClasses + "templates: [\"{}\", \"an image\"]\n" + kMetrics),
      "bench.yaml:7:1: templates = [\"{}\", \"an image\"] has 'an image', without {} for the name");
}

TEST(BenchmarkFile, MetricsMustBeKnownForTheKind) {
  const std::string head = kHead + kClasses + kTemplates;
  EXPECT_EQ(complaint(head + "metrics: [top1, f1]"),
            "bench.yaml:8:1: metrics = [top1, f1] contains 'f1', which is not one of top1, top5, "
            "balanced_accuracy, weighted_f1, auroc");
  EXPECT_THAT(complaint(head + "metrics: [top1, top1]"), HasSubstr("contains 'top1' twice"));
  EXPECT_THAT(complaint(head + "metrics: [top5]"), HasSubstr("always 1 with 2 classes"));
  for (const char* bad : {"top1", "R@", "R@0", "R@-1", "R@1.5", "R@1k", "R@99999999999", "R"}) {
    EXPECT_THAT(complaint("kind: retrieval\n" + kHead + "metrics: [" + bad + "]"),
                HasSubstr("contains '" + std::string(bad) + "', which is not one of R@K"));
  }
}

TEST(BenchmarkFile, KeysOfTheOtherKindAreRefused) {
  EXPECT_THAT(complaint("kind: retrieval\n" + kHead + kClasses + "metrics: [R@1]"),
              AllOf(StartsWith("bench.yaml:4:1: classes = "), HasSubstr("kind: retrieval")));
  EXPECT_THAT(complaint("kind: retrieval\n" + kHead + kTemplates + "metrics: [R@1]"),
              HasSubstr("templates = "));
  EXPECT_THAT(complaint("name: a\ndata: {csv: a, images: b, caption_column: c}\n"),
              StartsWith("bench.yaml:2:27: data.caption_column = c is of no use"));
  EXPECT_THAT(complaint("name: a\nkind: retrieval\ndata: {csv: a, images: b, label_column: c}\n"),
              HasSubstr("data.label_column = c is of no use"));
}

TEST(BenchmarkFile, GroupsSlicesAndBootstrapAreRead) {
  const BenchmarkOptions options = load(
      "name: a\ndata: {csv: a, images: b, group_column: patient, slice_columns: [tone, sex]}\n" +
      kClasses + kTemplates + kMetrics + "min_slice: 5\nbootstrap: 0\nunlisted_labels: ignore\n");
  EXPECT_EQ(options.group_column, "patient");
  EXPECT_THAT(options.slice_columns, testing::ElementsAre("tone", "sex"));
  EXPECT_EQ(options.min_slice, 5);
  EXPECT_EQ(options.bootstrap, 0);
  EXPECT_EQ(options.unlisted_labels, UnlistedLabels::kIgnore);
  const std::string rest = kClasses + kTemplates + kMetrics;
  EXPECT_THAT(complaint(kHead + rest + "bootstrap: -1"), HasSubstr("bootstrap = -1 must be"));
  EXPECT_THAT(complaint("name: a\ndata: {csv: a, images: b, slice_columns: [x, x]}\n" + rest),
              HasSubstr("must name different columns"));
}

const std::string kConcepts = "kind: concepts\n" + kHead +
                              "concepts: [{label: papule, names: [papule]}, {label: scale}]\n" +
                              "templates: [\"skin with {}\", \"{}\"]\n";

// Lies beside the folder of the benchmark's file, because load() empties that folder.
std::filesystem::path terms_file() { return scratch_folder().parent_path() / "terms.json"; }

TEST(BenchmarkFile, ConceptsTakeFurtherNamesFromAFile) {
  std::ofstream(terms_file())
      << R"({"scale": ["scale", "scaly skin"], "papule": ["papule", "bump"], "other": ["x"]})";
  const BenchmarkOptions options = load(
      kConcepts + "references: [skin, thing]\nconcept_terms: ../terms.json\nmetrics: [auroc]\n");
  EXPECT_EQ(options.kind, &concepts_kind());
  const std::vector<BenchmarkClass> concepts = {{"papule", {"papule", "bump"}},
                                                {"scale", {"scale", "scaly skin"}}};
  EXPECT_EQ(options.classes, concepts);
  EXPECT_NEAR(options.temperature, 1 / std::exp(4.5944), 1e-15);
}

TEST(BenchmarkFile, ConceptsNeedNamesAndReferences) {
  const std::string rest = "references: [skin, thing]\nmetrics: [auroc]\n";
  EXPECT_THAT(complaint(kConcepts + rest), HasSubstr("concepts[1] = {…} has no names"));
  EXPECT_THAT(complaint(kConcepts + rest + "concept_terms: none.json"), HasSubstr("none.json"));
  std::ofstream(terms_file()) << R"({"scale": "scaly"})";
  EXPECT_THAT(complaint(kConcepts + rest + "concept_terms: ../terms.json"),
              HasSubstr("JSON object of lists"));
  std::ofstream(terms_file()) << R"({"scale": ["scaly"]})";
  EXPECT_THAT(
      complaint(kConcepts + "references: [skin]\nmetrics: [auroc]\nconcept_terms: ../terms.json"),
      HasSubstr("one prompt for each of the 2 templates"));
  EXPECT_THAT(complaint(kConcepts + rest + "concept_terms: ../terms.json\ntemperature: 0"),
              HasSubstr("temperature = 0 must be above 0"));
}

TEST(BenchmarkFile, EveryShippedBenchmarkIsValid) {
  const std::filesystem::path folder = DERMATOME_SOURCE_DIR "/configs/benchmarks";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml") continue;  // imported benchmarks are not shipped
    SCOPED_TRACE(entry.path());
    EXPECT_NO_THROW(load_benchmark(entry.path()));
  }
}

}  // namespace
}  // namespace dermatome
