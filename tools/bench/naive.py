#!/usr/bin/env python3
"""The opponent of the benchmarks: open_clip's model with a plain implementation of MAKE's published step.

    tools/bench/naive.py step --model HUB_FOLDER --batches FOLDER --lr RATE [--plain]
    tools/bench/naive.py objective --input FILE
    tools/bench/naive.py encode --model HUB_FOLDER --pixels FILE --texts FILE --text-batch NUMBER

As in the released code, every caption is encoded with all its padding, including missing and repeated
captions, every patch is compared with every text, and the loss holds one row of logits per caption. The
released code's Python loops over captions are left out, because they are not part of the algorithm. The
program first checks itself against tests/golden; then it answers commands as dermatome_bench does.
"""

import argparse
import json
import math
import sys
import time
from pathlib import Path

import open_clip
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file


def local_vectors(patches, text, sigma):
    """[B, d]: for each image i the pooled patches (of [B, P, d]) that text i (of [T, d]) selects."""
    similarity = torch.einsum("bpd,td->bpt", patches, text)
    selected = similarity * (similarity >= sigma)
    own = selected.diagonal(dim1=0, dim2=2).T
    return (F.normalize(own, dim=1).unsqueeze(2) * patches).sum(1)


def caption_weights(text, mask):
    """[B * N]; sample-major rows are read as caption-major rows, as the released code does."""
    num_samples, num_captions = mask.shape
    by_caption = text.detach().view(num_captions, num_samples, -1)
    cosine = by_caption[1] @ by_caption[3:].flatten(0, 1).T
    own = cosine.view(num_samples, -1, num_samples).diagonal(dim1=0, dim2=2).T
    share = own.masked_fill(mask[:, 3:] == 0, -math.inf).softmax(1)
    relative = (share / share.amax(1, keepdim=True)).masked_fill(mask[:, 1:2] == 0, 1)
    return torch.cat([torch.ones_like(relative[:, :1]).expand(-1, 3), relative], 1).flatten()


def released_loss(image, text, local, mask, scale, lambda_m=1.0, lambda_s=0.7, use_weights=True):
    """The total loss of image [B, d], text [B * N, d], local [B, d], mask [B, N] and the factor `scale`."""
    num_samples, num_captions = mask.shape
    weights = caption_weights(text, mask) if use_weights else None
    missing = mask.flatten() == 0

    def image_to_text(vectors, ignored):
        logits = (scale * (vectors @ text.T)).unsqueeze(1)
        rows = logits.expand(-1, num_captions, -1).flatten(0, 1)
        labels = torch.arange(len(text)).masked_fill(ignored, -100)
        return F.cross_entropy(rows, labels, weight=weights)

    owner = torch.arange(num_samples).repeat_interleave(num_captions)
    t2i = F.cross_entropy(scale * (text @ image.T), owner.masked_fill(missing, -100))
    not_local = missing | (torch.arange(len(text)) < num_samples)
    mkcl = (image_to_text(image, missing) + t2i) / 2
    return lambda_m * mkcl + lambda_s * image_to_text(local, not_local)


class Step:
    """One training step of open_clip's model; `plain` uses open_clip's own step with its ClipLoss."""

    def __init__(self, config, state, lr, plain=False):
        vision = open_clip.CLIPVisionCfg(**config["vision_cfg"], output_tokens=not plain)
        self.model = open_clip.CLIP(config["embed_dim"], vision,
                                    open_clip.CLIPTextCfg(**config["text_cfg"]),
                                    quick_gelu=config.get("quick_gelu", False), output_dict=True)
        self.model.load_state_dict(state)
        self.model.train()
        self.plain_loss = open_clip.ClipLoss() if plain else None
        groups = {0.0: [], 0.1: []}
        for name, parameter in self.model.named_parameters():
            undecayed = parameter.ndim < 2 or any(
                part in name for part in ("bn", "ln", "bias", "logit_scale"))
            groups[0.0 if undecayed else 0.1].append(parameter)
        self.optimizer = torch.optim.AdamW(
            [{"params": group, "weight_decay": decay} for decay, group in groups.items()],
            lr=lr, betas=(0.9, 0.98), eps=1e-6)

    def loss(self, pixels, tokens, mask):
        """pixels [B, 3, H, W], tokens [B, N, L], mask [B, N]."""
        if self.plain_loss:
            return self.plain_loss(**self.model(pixels, tokens[:, 0]))
        pooled, patches = self.model.visual(pixels)
        patches = F.normalize(patches @ self.model.visual.proj, dim=-1)
        text = self.model.encode_text(tokens.flatten(0, 1), normalize=True)
        local = local_vectors(patches, text, 0.0)
        return released_loss(F.normalize(pooled, dim=-1), text, local, mask,
                             self.model.logit_scale.exp())

    def gradients(self, *batch):
        self.optimizer.zero_grad()
        total = self.loss(*batch)
        total.backward()
        return total.item()

    def update(self):
        self.optimizer.step()
        with torch.no_grad():
            self.model.logit_scale.clamp_(0, math.log(100))


def check_golden():
    """Ends the program unless loss, step and optimizer give the values of tests/golden."""
    folder = Path(__file__).resolve().parents[2] / "tests/golden"

    def check(found, expected, tolerance, what):
        found, expected = (torch.as_tensor(x).double() for x in (found, expected))
        if not (found - expected).norm() <= tolerance * expected.norm():
            sys.exit(f"naive.py: {what} differs from the value in {folder}; nothing is measured against it")

    golden = load_file(folder / "loss_reference.safetensors")
    for case, setting in json.loads((folder / "loss.json").read_text()).items():
        image, text, patches, mask = (golden[f"{case}.in.{name}"].double()
                                      for name in ("img", "txt", "pat", "mask"))
        leaves = {"grad_image": image, "grad_text": text, "grad_patch": patches,
                  "grad_scale": torch.tensor(setting["scale"], dtype=torch.double)}
        for leaf in leaves.values():
            leaf.requires_grad_()
        total = released_loss(image, text, local_vectors(patches, text, setting["sigma"]), mask,
                              leaves["grad_scale"], setting["lambda_m"], setting["lambda_s"],
                              setting["use_weights"])
        total.backward()
        check(total.detach(), golden[f"{case}.out.total"], 1e-9, f"the loss of case {case}")
        for name, leaf in leaves.items():
            check(leaf.grad, golden[f"{case}.out.{name}"], 1e-9, f"{name} of case {case}")

    tiny = json.loads((folder / "tiny_clip.json").read_text())
    state = load_file(folder / "tiny_clip_state.safetensors")
    batch = load_file(folder / "tiny_clip_io.safetensors")
    for activation in ("gelu", "quickgelu"):
        case = f"{activation}.compat"
        step = Step({**tiny["config"], "quick_gelu": activation == "quickgelu"}, state, 0)
        for number, expected in enumerate(tiny["train"][case]["steps"]):
            total = step.gradients(batch["image"], batch["text"].long(), batch["caption_mask"])
            check(total, expected["total"], 1e-5, f"the loss of {case}, step {number}")
            for name, norm in tiny["train"][case]["grad_l2"].items() if number == 0 else ():
                check(step.model.get_parameter(name).grad.double().norm(), norm, 1e-5,
                      f"the gradient of {name}, {case}")
            for group in step.optimizer.param_groups:
                group["lr"] = expected["lr"]
            step.update()


def cost_of(work):
    start, cpu = time.perf_counter(), time.process_time()
    work()
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - start}


def memory_of(work):
    """The highest resident memory in MiB during `work`: in all, and above the memory before it."""
    def status(name):
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name + ":")) / 1024

    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from the present size
    before = status("VmRSS")
    work()
    return {"peak": status("VmHWM"), "extra": status("VmHWM") - before}


def serve(commands):
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        command, *argument = line.split()
        print(json.dumps(commands[command](*argument)), flush=True)


def serve_steps(arguments):
    config = json.loads((arguments.model / "open_clip_config.json").read_text())["model_cfg"]
    step = Step(config, load_file(arguments.model / "open_clip_model.safetensors"), arguments.lr,
                arguments.plain)
    tensors = load_file(arguments.batches / "0.safetensors")
    mask = tensors["mask"].float()
    rows = F.pad(tensors["tokens"],
                 (0, config["text_cfg"]["context_length"] - tensors["tokens"].shape[1]))
    # Plain CLIP reads only the raw caption; -1 stands for the other captions.
    batch = (tensors["pixels"], rows[tensors["caption"]], mask)

    def one_step():
        losses, costs = [], []

        def work():
            costs.append(cost_of(lambda: losses.append(step.gradients(*batch))))
            costs.append(cost_of(step.update))

        peak = memory_of(work)["peak"]
        return {"loss": losses[0], "without_optimizer": costs[0]["cpu"], "peak": peak,
                **{key: costs[0][key] + costs[1][key] for key in ("cpu", "wall")}}

    def write_gradients(file):
        total = step.gradients(*batch)
        save_file({"total": torch.tensor(total).double(),
                   **{name: p.grad for name, p in step.model.named_parameters()}}, file)

    serve({"step": one_step, "gradients": write_gradients})


def serve_objective(arguments):
    tensors = load_file(arguments.input)
    caption = tensors["caption"]
    vectors = "patches" if "patches" in tensors else "local"
    leaves = {"image": tensors["image"], "text": tensors["text"][caption.flatten()],
              vectors: tensors[vectors]}
    num_texts = len(tensors.pop("text"))
    mask, scale = tensors["mask"].float(), tensors["logit_scale"].exp()

    def evaluate(num_samples=len(caption)):
        part = {name: leaf[:num_samples * (caption.shape[1] if name == "text" else 1)].detach()
                for name, leaf in leaves.items()}
        for leaf in part.values():
            leaf.requires_grad_()
        local = local_vectors(part["patches"], part["text"], 0.0) if "patches" in part else (
            part["local"])
        total = released_loss(part["image"], part["text"], local, mask[:num_samples], scale)
        total.backward()
        return total.detach(), {name: leaf.grad for name, leaf in part.items()}

    def write_gradients(file):
        total, gradients = evaluate()
        text = gradients.pop("text")
        # A text may stand for thousands of captions, so its gradients are added in double precision.
        summed = torch.zeros(num_texts, text.shape[1], dtype=torch.double)
        summed.index_add_(0, caption.flatten(), text.double())
        save_file({"total": total, "text": summed, **gradients}, file)

    evaluate(2)  # libraries allocate their own buffers at first use
    serve({"memory": lambda: memory_of(evaluate), "step": lambda: cost_of(evaluate),
           "gradients": write_gradients})


def serve_features(arguments):
    """Serves open_clip's own encoding, which is not naive."""
    config = json.loads((arguments.model / "open_clip_config.json").read_text())["model_cfg"]
    model = Step(config, load_file(arguments.model / "open_clip_model.safetensors"), 0,
                 plain=True).model.eval()
    tokenizer = open_clip.get_tokenizer("ViT-B-16")
    pixels = load_file(arguments.pixels)["pixels"]
    texts = arguments.texts.read_text(encoding="utf-8").splitlines()
    tokens = tokenizer(texts)

    @torch.inference_mode()
    def images():
        return model.encode_image(pixels, normalize=True)

    @torch.inference_mode()
    def of_tokens():
        return torch.cat([model.encode_text(batch, normalize=True)
                          for batch in tokens.split(arguments.text_batch)])

    @torch.inference_mode()
    def of_strings():
        size = arguments.text_batch
        return torch.cat([model.encode_text(tokenizer(texts[first:first + size]), normalize=True)
                          for first in range(0, len(texts), size)])

    def write_features(file):
        save_file({"images": images(), "texts": of_tokens(), "strings": of_strings()}, file)

    serve({"images": lambda: cost_of(images), "texts": lambda: cost_of(of_tokens),
           "strings": lambda: cost_of(of_strings), "features": write_features})


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    step = commands.add_parser("step")
    step.add_argument("--model", type=Path, required=True)
    step.add_argument("--batches", type=Path, required=True)
    step.add_argument("--lr", type=float, required=True)
    step.add_argument("--plain", action="store_true")
    commands.add_parser("objective").add_argument("--input", type=Path, required=True)
    encode = commands.add_parser("encode")
    for name in ("--model", "--pixels", "--texts"):
        encode.add_argument(name, type=Path, required=True)
    encode.add_argument("--text-batch", type=int, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    check_golden()
    {"step": serve_steps, "objective": serve_objective,
     "encode": serve_features}[arguments.command](arguments)


if __name__ == "__main__":
    main()
