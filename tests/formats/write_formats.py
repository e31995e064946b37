# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the weights of a CTranslate2 folder in the other formats that are read, by others' programs: transformers, and ggml's own
quantisation behind the layout of whisper.cpp's converter (bench/peers/ggml.py).

usage: write_formats.py FOLDER TARGET. Needs torch, transformers, gguf and numpy."""

import json
import pathlib
import shutil
import struct
import sys

import gguf
import numpy
import torch
import transformers
from gguf.quants import quantize

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench" / "peers"))
import ctranslate2_file  # noqa: E402
import ggml  # noqa: E402

TYPES = {name: (getattr(gguf.GGMLQuantizationType, name.upper()), 2000 + number)
         for name, number in (("q4_0", 2), ("q4_1", 3), ("q8_0", 7), ("q5_0", 8), ("q5_1", 9))}


def hugging_face_name(name):
    """The name that transformers has for one of OpenAI's."""
    for ours, theirs in (("blocks", "layers"), ("cross_attn_ln", "encoder_attn_layer_norm"), ("cross_attn", "encoder_attn"),
                         (".attn_ln", ".self_attn_layer_norm"), (".attn.", ".self_attn."), ("mlp_ln", "final_layer_norm"),
                         ("mlp.0", "fc1"), ("mlp.2", "fc2"), ("query", "q_proj"), ("key", "k_proj"), ("value", "v_proj"),
                         ("attn.out", "attn.out_proj"), ("ln_post", "layer_norm"), ("decoder.ln.", "decoder.layer_norm."),
                         ("positional_embedding", "embed_positions.weight"), ("token_embedding", "embed_tokens")):
        name = name.replace(ours, theirs)
    return "model." + name


def hugging_face_model(weights, config):
    """A model of transformers with these weights; it says itself whether a tensor is missing or has another shape."""
    end = 50257 if weights.vocabulary >= 51865 else 50256
    tokens = {"pad_token_id": end, "bos_token_id": end, "eos_token_id": end, "decoder_start_token_id": end + 1}
    model = transformers.WhisperForConditionalGeneration(transformers.WhisperConfig(
        vocab_size=weights.vocabulary, num_mel_bins=weights.mels, d_model=weights.width,
        encoder_layers=weights.layers("encoder"), decoder_layers=weights.layers("decoder"),
        encoder_attention_heads=weights.heads, decoder_attention_heads=weights.heads,
        encoder_ffn_dim=4 * weights.width, decoder_ffn_dim=4 * weights.width,
        max_source_positions=len(weights.positions("encoder")), max_target_positions=len(weights.positions("decoder")), **tokens))
    state = {}
    for name, values in ggml.tensors(weights):
        state[hugging_face_name(name)] = torch.from_numpy(numpy.ascontiguousarray(values).copy())
    for stack in ("encoder", "decoder"):
        for convolution in ("conv1", "conv2"):
            name = f"model.encoder.{convolution}.bias"
            state[name] = state[name].reshape(-1)
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or set(missing) - {"proj_out.weight"}:
        sys.exit(f"write_formats: transformers lacks {missing} and does not know {unexpected}")
    model.tie_weights()
    model.generation_config = transformers.GenerationConfig(
        suppress_tokens=config["suppress_ids"], begin_suppress_tokens=config["suppress_ids_begin"],
        alignment_heads=config["alignment_heads"], is_multilingual=weights.vocabulary >= 51865, **tokens)
    return model


def write_hugging_face(folder, weights, target):
    config = json.loads((folder / "config.json").read_text())
    model = hugging_face_model(weights, config)
    for name, kind, shard in (("float32", torch.float32, "10GB"), ("float16-shards", torch.float16, "60MB")):
        model.to(kind).save_pretrained(target / name, max_shard_size=shard)
        shutil.copy(folder / "tokenizer.json", target / name)


def write_ggml(folder, path, kind):
    """As bench/peers/ggml.py, but for the blocks, which are ggml's."""
    plain = ggml.encoded

    def encoded(name, values, _):
        number, data = plain(name, values, "f16")
        if kind == "f32":
            return ggml.F32, values.astype("<f4").tobytes()
        if kind == "f16" or values.ndim != 2 or number == ggml.F32:
            return number, data
        return TYPES[kind][0].value, quantize(values, TYPES[kind][0]).tobytes()

    ggml.encoded = encoded
    ggml.FILE_TYPES[kind] = {"f32": 0, "f16": 1}.get(kind) if kind in ("f32", "f16") else TYPES[kind][1]
    ggml.write(folder, path, kind)
    ggml.encoded = plain


def main(folder, target):
    folder, target = pathlib.Path(folder), pathlib.Path(target)
    target.mkdir(parents=True, exist_ok=True)
    write_hugging_face(folder, ctranslate2_file.Weights(folder), target)
    for kind in ("f32", "f16", *TYPES):
        write_ggml(folder, target / f"ggml-{kind}.bin", kind)


if __name__ == "__main__":
    main(*sys.argv[1:])
