#!/usr/bin/env python3
"""Writes tiny_bert.safetensors and tiny_bert.json: text towers that open_clip makes around transformers' BERT.

  python make_bert_golden.py                needs: torch, open_clip_torch, transformers, safetensors

Deterministic: fixed seeds, one thread, CPU.
"""
import json
import tempfile
from pathlib import Path

import torch
from open_clip.hf_model import HFTextEncoder
from safetensors.torch import save_file
from transformers import BertConfig

HERE = Path(__file__).resolve().parent
EMBED_DIM = 14
CONTEXT_LENGTH = 16
# The sizes share no factor, as far as the architecture allows it, so that a mixed-up dimension is noticed.
SIZES = dict(vocab_size=61, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
             max_position_embeddings=18)
CASES = {
    "mean_mlp": (dict(hidden_act="gelu", layer_norm_eps=1e-12, type_vocab_size=2, pad_token_id=0), "mean_pooler", "mlp"),
    "cls_linear": (dict(hidden_act="gelu_new", layer_norm_eps=1e-3, type_vocab_size=3, pad_token_id=5), "cls_pooler",
                   "linear"),
    "last_mlp": (dict(hidden_act="gelu", layer_norm_eps=1e-12, type_vocab_size=2, pad_token_id=0),
                 "cls_last_hidden_state_pooler", "mlp"),
}


def make_texts(pad):
    """Texts of 2 to 16 tokens, one of them with padding in its midst, padded behind their ends."""
    lengths = [(7 * i) % 15 + 2 for i in range(30)]
    tokens = torch.full((len(lengths), CONTEXT_LENGTH), pad)
    for i, length in enumerate(lengths):
        tokens[i, :length] = (torch.arange(length) * 7919 + 31 * i) % 40 + 10
    tokens[3, 4] = pad
    return tokens, torch.tensor(lengths)


def record(name, tensors):
    """Adds weights, inputs, features and first gradients of one case to `tensors`; returns its configuration."""
    options, pooler, projection = CASES[name]
    config = BertConfig(**SIZES, **options)
    with tempfile.TemporaryDirectory() as folder:
        config.save_pretrained(folder)
        tower = HFTextEncoder(folder, EMBED_DIM, pooler_type=pooler, proj_type=projection, pretrained=False).eval()
    with torch.no_grad():
        for parameter in tower.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape))
    tokens, lengths = make_texts(config.pad_token_id)
    features = torch.nn.functional.normalize(tower(tokens), dim=-1)
    weights = torch.sin(torch.arange(features.numel(), dtype=torch.float32)).view(features.shape)
    (features * weights).sum().backward()
    tensors.update({f"{name}.tokens": tokens.int(), f"{name}.lengths": lengths.int(), f"{name}.features": features.detach()})
    for parameter_name, parameter in tower.named_parameters():
        tensors[f"{name}.weight.text.{parameter_name}"] = parameter.detach()
        tensors[f"{name}.gradient.text.{parameter_name}"] = parameter.grad
    return dict(config=dict(SIZES, model_type="bert", **options), text_cfg=dict(
        hf_model_name="tiny", context_length=CONTEXT_LENGTH, hf_pooler_type=pooler, hf_proj_type=projection))


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(11)
    tensors = {}
    cases = {name: record(name, tensors) for name in CASES}
    save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, HERE / "tiny_bert.safetensors")
    (HERE / "tiny_bert.json").write_text(json.dumps(dict(embed_dim=EMBED_DIM, cases=cases), indent=1) + "\n")


if __name__ == "__main__":
    main()
