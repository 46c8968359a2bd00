// Reads tensors from the archives that torch.save() (since PyTorch 1.6) and torch.jit.save() write:
//
//   NAME/data.pkl       a pickle: the state dict, or the TorchScript module, with the tensors'
//                       types, sizes, strides and offsets
//   NAME/data/KEY       the bytes of one storage, which tensors may share
//   NAME/byteorder      "little" or absent
//   NAME/constants.pkl  only in TorchScript archives, as are code and debug information
//
// Nothing in an archive is executed: see pickle.h. LibTorch's own readers are not used, because
// torch::jit::load compiles and may run the archive's code, and its unpickler takes sizes as they
// come.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace dermatome {

// The tensors of a state dict, of the "state_dict" in a training checkpoint (what lies beside it,
// as an optimizer's state, is not read), or of a TorchScript module, in which values that are no
// tensors are passed over. Throws DataError naming the file, and the tensor or name, for anything
// else: values that are no tensors in a state dict, names given twice, tensors that are empty,
// leave their storage or have more elements than it, storages whose size is another than claimed.
// By the names of the state dict, on the CPU; tensors that share a storage in the file share their
// memory.
std::map<std::string, at::Tensor> read_torch_archive(const std::filesystem::path& path);

}  // namespace dermatome
