"""The input of both sides of a benchmark: captions, batches and embeddings."""

import csv
import json
import math
import statistics
from pathlib import Path

import open_clip
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

CAPTIONS = Path(__file__).with_name("captions.csv")
KNOWLEDGE = ("truncated_caption", "ontology_caption", "visual_concept_caption")
NUM_CAPTIONS, CONTEXT = 11, 77
START, END = 49406, 49407


def read_captions(file, rows):
    """(token ids or None for a missing caption) x 11 for the first `rows` rows of MAKE's table."""
    tokenizer = open_clip.get_tokenizer("ViT-B-16")

    def ids(text):
        padded = tokenizer([text])[0].tolist()
        return tuple(padded[:padded.index(END) + 1])

    samples = []
    with open(file, encoding="utf-8", newline="") as table:
        for row in list(csv.DictReader(table))[:rows]:
            valid = json.loads(row["knowledge_masks"]) + json.loads(row["sub_caption_mask"])
            texts = [row[name] for name in KNOWLEDGE]
            texts += [row[f"subcaption_{number}"] for number in range(1, NUM_CAPTIONS - 2)]
            samples.append([ids(text) if exists else None for text, exists in zip(texts, valid)])
    return samples


def random_captions(lengths, seed):
    """Distinct captions of the given lengths (None: missing), one list per sample."""
    generator = torch.Generator().manual_seed(seed)

    def ids(length):
        return (START, *torch.randint(1, START, (length - 2,), generator=generator).tolist(), END)

    return [[ids(length) if length else None for length in sample] for sample in lengths]


def lengths_of(samples):
    return [[caption and len(caption) for caption in sample] for sample in samples]


def make_batch(samples, file, image_size, published, seed=0):
    """Writes a batch, with random images, in the form in which Dermatome's loader returns it."""
    rows = {}

    def row(caption, number):
        if caption is None:
            if not published:
                return -1
            # The released code encodes "nan" for a missing knowledge caption, "" for a subcaption.
            caption = (START, 7499, END) if number < len(KNOWLEDGE) else (START, END)
        return rows.setdefault(caption, len(rows))

    caption = torch.tensor([[row(text, number) for number, text in enumerate(sample)]
                            for sample in samples])
    lengths = torch.tensor([len(text) for text in rows])
    tokens = torch.zeros(len(rows), int(lengths.max()), dtype=torch.long)
    for number, text in enumerate(rows):
        tokens[number, :len(text)] = torch.tensor(text)
    mask = torch.tensor([[text is not None for text in sample] for sample in samples])
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randn(len(samples), 3, image_size, image_size, generator=generator)
    save_file({"tokens": tokens, "lengths": lengths, "caption": caption,
               "mask": mask.to(torch.uint8), "pixels": pixels}, file)


def token_statistics(samples):
    kinds = list(zip(*samples))
    kinds = [*kinds[:3], [text for kind in kinds[3:] for text in kind]]
    valid = [text for sample in samples for text in sample if text]
    distinct = set(valid)
    average = [statistics.mean([len(text) for text in kind if text] or [0]) for kind in kinds]
    return {"rows": len(samples), "captions": len(samples) * NUM_CAPTIONS, "valid": len(valid),
            "distinct": len(distinct), "tokens_of_distinct": sum(map(len, distinct)),
            "tokens_naive": len(samples) * NUM_CAPTIONS * CONTEXT,
            "mean_tokens_raw_ontology_visual_sub": [round(x, 1) for x in average]}


def make_embeddings(num_samples, with_patches, all_valid, file):
    """Writes random embeddings of distinct captions. All captions are valid, or the share of MAKE's table."""
    generator = torch.Generator().manual_seed(num_samples)
    width, patches = 512, 196

    def near(topic, *shape):
        noise = F.normalize(torch.randn(*shape, width, generator=generator), dim=-1)
        return F.normalize(topic + noise, dim=-1)

    # The common topic keeps cosines away from sigma, where a rounding error would decide.
    topic = near(near(0), num_samples)
    mask = torch.zeros(num_samples, NUM_CAPTIONS, dtype=torch.bool)
    mask[:, :4] = True
    mask[:, 2] = torch.rand(num_samples, generator=generator) < 0.9
    mask[:, 4] = torch.rand(num_samples, generator=generator) < 0.1
    mask |= all_valid
    owner = mask.nonzero()[:, 0]
    # The last two texts stand in for missing knowledge captions and subcaptions.
    text = torch.cat([near(topic[owner], len(owner)), near(0, 2)])
    caption = torch.where(torch.arange(NUM_CAPTIONS) < 3, len(owner), len(owner) + 1)
    caption = caption.expand(num_samples, -1).clone()
    caption[mask] = torch.arange(len(owner))
    tensors = {"image": near(topic, num_samples), "text": text, "caption": caption,
               "mask": mask.to(torch.uint8), "logit_scale": torch.tensor(math.log(1 / 0.07))}
    if with_patches:
        tensors["patches"] = near(topic[:, None], num_samples, patches)
    else:
        tensors["local"] = near(topic, num_samples)
    save_file(tensors, file)
