// The ranks of a test that mpirun runs (RANKS in dermatome_test). The main function of the test is
// in mpi_main.cpp: it initializes MPI, runs all tests on every rank, and ends with a failure on all
// ranks if a test failed on one.
#pragma once

#include <memory>

#include "src/distributed/collectives.h"
#include "src/distributed/world.h"

namespace dermatome {

// This process among the ranks of mpirun.
const World& test_world();

// A fresh group over all ranks; every rank calls it. Collectives time out after 30 s.
std::unique_ptr<Collectives> make_test_group();

}  // namespace dermatome
