// Reads tensors from the archives that torch.save() (since PyTorch 1.6) and torch.jit.save() write:
//
//   NAME/data.pkl       a pickle: the state dict, or the TorchScript module, with the tensors'
//                       types, sizes, strides and offsets
//   NAME/data/KEY       the bytes of one storage, which tensors may share
//   NAME/byteorder      "little" or absent
//   NAME/constants.pkl  only in TorchScript archives, as are code and debug information
//
// Nothing in an archive is executed: see pickle.h. LibTorch's own readers are not used, because
// torch::jit::load compiles and may run the archive's code, and its unpickler trusts the
// sizes that the archive gives.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace dermatome {

// The tensors of a state dict, of the "state_dict" in a training checkpoint (the rest, such as an
// optimizer's state, is not read), or of a TorchScript module (whose other values are passed over).
// They are on the CPU and have the names of the state dict; tensors that share a storage in the
// file share their memory. Throws DataError naming the file, and the tensor or name, for anything
// else: values in a state dict that are not tensors, names given twice, tensors that are empty,
// leave their storage or have more elements than it, storages of another size than claimed.
std::map<std::string, at::Tensor> read_torch_archive(const std::filesystem::path& path);

}  // namespace dermatome
