#include <map>

#include "base/files.h"
#include "format/checkpoint.h"
#include "format/checkpoint/little_endian.h"
#include "format/pickle_names.h"
#include "format/pickle_writer.h"
#include "format/zip_writer.h"

namespace mantissa::format {
namespace {

using Op = PickleOpcode;

// The tensors' bytes, each once: tensors that are the same bytes share a storage, as tied weights do in PyTorch.
class Storages {
 public:
  std::size_t index_of(const ir::Tensor& tensor) {
    if (!tensor.bytes.empty()) {
      const auto [place, is_new] =
          known_.emplace(Key{tensor.bytes.data(), tensor.bytes.size(), tensor.format}, all_.size());
      if (!is_new) return place->second;
    }
    all_.push_back(tensor.bytes);
    return all_.size() - 1;
  }
  [[nodiscard]] const std::vector<base::Bytes>& all() const { return all_; }

 private:
  using Key = std::tuple<const std::byte*, std::size_t, base::NumberFormat>;
  std::map<Key, std::size_t> known_;
  std::vector<base::Bytes> all_;
};

std::vector<std::int64_t> contiguous_strides(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t stride = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= std::max<std::int64_t>(shape[axis], 1);
  }
  return strides;
}

// torch/_tensor.py, _reduce_ex_internal: _rebuild_tensor_v2 for formats with a storage class,
// _v3 with a dtype for newer ones.
Result<void> write_tensor(const ir::Tensor& tensor, Storages& storages, PickleWriter& pickle) {
  const std::int64_t count = tensor.count();
  if (tensor.bytes.size() != base::bytes_of(tensor.format, static_cast<std::size_t>(count))) {
    return internal_error("its bytes do not fit its shape");
  }
  const PickleName* storage_class = pickle_storage_class(tensor.format);
  const PickleName* dtype = pickle_dtype(tensor.format);
  if (dtype == nullptr) {
    return unsupported("PyTorch has no " + std::string(base::name_of(tensor.format)) + " tensors",
                       "Write this variant as ONNX");
  }
  const bool typed = storage_class != nullptr;
  pickle.name(typed ? "torch._utils._rebuild_tensor_v2" : "torch._utils._rebuild_tensor_v3");
  pickle.op(Op::mark);
  pickle.op(Op::mark);
  pickle.text("storage");
  pickle.name(typed ? storage_class->name : "torch.storage.UntypedStorage");
  pickle.text(std::to_string(storages.index_of(tensor)));
  pickle.text("cpu");
  pickle.integer(typed ? count : static_cast<std::int64_t>(tensor.bytes.size()));
  pickle.op(Op::tuple);
  pickle.op(Op::binpersid);
  pickle.integer(0);  // offset
  pickle.integers(tensor.shape);
  pickle.integers(contiguous_strides(tensor.shape));
  pickle.boolean(false);  // requires_grad
  pickle.ordered_dict();  // hooks
  if (!typed) pickle.name(dtype->name);
  pickle.op(Op::tuple);
  pickle.op(Op::reduce);
  return {};
}

Result<std::string> write_pickle(const ir::StateDict& state, Storages& storages) {
  PickleWriter pickle;
  for (const std::string& wrapper : state.wrappers) {
    pickle.op(Op::empty_dict);
    pickle.text(wrapper);
  }
  pickle.ordered_dict();
  pickle.op(Op::mark);
  for (const auto& [key, tensor] : state.tensors) {
    pickle.text(key);
    MANTISSA_TRY(write_tensor(tensor, storages, pickle).in("tensor '" + printable(key) + "'"));
  }
  pickle.op(Op::setitems);
  for (std::size_t i = 0; i < state.wrappers.size(); ++i) pickle.op(Op::setitem);
  return std::move(pickle).finish();
}

Result<void> write_zip_form(const ir::StateDict& state, const std::filesystem::path& path) {
  Storages storages;
  MANTISSA_ASSIGN(const std::string pickle, write_pickle(state, storages));
  MANTISSA_ASSIGN(base::AtomicFile file, base::AtomicFile::create(path));
  ZipWriter zip(file);
  const auto add_text = [&](std::string_view name, std::string_view text) {
    return zip.add(name, std::as_bytes(std::span(text)));
  };
  // The names and their order are torch.save's; version 3 is that of
  // caffe2/serialize/versions.h, kProducedFileFormatVersion.
  MANTISSA_TRY(add_text("archive/data.pkl", pickle));
  MANTISSA_TRY(add_text("archive/byteorder", "little"));
  for (std::size_t i = 0; i < storages.all().size(); ++i) {
    MANTISSA_TRY(zip.add("archive/data/" + std::to_string(i), storages.all()[i].span()));
  }
  MANTISSA_TRY(add_text("archive/version", "3\n"));
  MANTISSA_TRY(zip.finish());
  return file.commit();
}

}  // namespace

Result<void> write_checkpoint(const ir::StateDict& state, const std::filesystem::path& path) {
  return write_zip_form(state, path).in("checkpoint " + path.string());
}

}  // namespace mantissa::format
