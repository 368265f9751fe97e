"""Makes the committed reference values again: small models of transformers and diffusers with the weights
of weights.py, in float64.

    python3 -m venv build/torch-venv
    build/torch-venv/bin/pip install torch==2.13.0 transformers==5.23.0 diffusers==0.42.1
    build/torch-venv/bin/python tests/language/references/make.py [NAME... | build/models/smollm2.gguf]

Each NAME.npz holds the configuration, the shapes of the weights as their file has them, calls of entry
points with their inputs, and the outputs expected of them.
"""

import json
import pathlib
import sys
import tempfile

import numpy as np
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import weights  # noqa: E402

CASES = {}
torch.manual_seed(0)
torch.set_grad_enabled(False)


def case(program, **settings):
    """Registers a function that gives (model's class, its configuration, what calls it)."""
    def register(function):
        CASES[function.__name__] = (program, settings, function)
        return function
    return register


def saved(model, folder):
    """The model with the weights of weights.py, by way of its file, and the shapes in that file."""
    import safetensors.numpy
    model.save_pretrained(folder, safe_serialization=True)
    file = next(folder.glob("*.safetensors"))
    shapes = {name: value.shape for name, value in safetensors.numpy.load_file(file).items()}
    safetensors.numpy.save_file(weights.make(shapes), file, metadata={"format": "pt"})
    loaded = type(model).from_pretrained(folder).double().eval()
    return loaded, {name: list(shape) for name, shape in shapes.items()}


def tokens(vocab, *shape, seed=1):
    return np.random.default_rng(seed).integers(3, vocab, shape)


def normal(*shape, seed=1):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def decoding(expected, ids, prompt, width=np.int32, first="logits"):
    """A prompt at once, then a token a call; expected [1, S, vocab] of all of them."""
    zero = np.zeros(1, np.int32)
    calls = [(first, {"tokens": ids[:, :prompt].astype(width), "at": zero}, {"logits": expected[:, :prompt]})]
    for place in range(prompt, ids.shape[1]):
        feeds = {"token": ids[:, place].astype(width), "at": zero + place}
        calls.append(("decode", feeds, {"logits": expected[:, place]}))
    return calls


# ---- the Llama family ----

def causal(config, kind):
    def run(model):
        ids = tokens(config.vocab_size, 1, 24)
        return decoding(model(input_ids=torch.tensor(ids)).logits.numpy(), ids, 20)
    return kind(config), run


SMALL = {"vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
         "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64}


@case("llama", context=32)
def llama2():
    import transformers as t
    return causal(t.LlamaConfig(**SMALL, tie_word_embeddings=False), t.LlamaForCausalLM)


@case("llama", context=32)
def llama3():
    import transformers as t
    scaling = {"rope_type": "llama3", "rope_theta": 5000.0, "factor": 8.0, "low_freq_factor": 1.0,
               "high_freq_factor": 4.0, "original_max_position_embeddings": 16}
    return causal(t.LlamaConfig(**SMALL, tie_word_embeddings=True, rope_parameters=scaling), t.LlamaForCausalLM)


@case("llama", context=32)
def mistral():
    import transformers as t
    return causal(t.MistralConfig(**SMALL, sliding_window=5, head_dim=16, attn_implementation="eager"), t.MistralForCausalLM)


@case("llama", context=32)
def qwen2():
    import transformers as t
    config = t.Qwen2Config(**SMALL, use_sliding_window=True, sliding_window=6, max_window_layers=1)
    return causal(config, t.Qwen2ForCausalLM)


@case("llama", context=32)
def qwen3():
    import transformers as t
    return causal(t.Qwen3Config(**SMALL, head_dim=12), t.Qwen3ForCausalLM)


@case("gpt2")
def gpt2():
    import transformers as t
    return causal(t.GPT2Config(vocab_size=64, n_embd=32, n_layer=2, n_head=4, n_positions=32), t.GPT2LMHeadModel)


# ---- encoders ----

@case("bert")
def bert():
    import transformers as t
    config = t.BertConfig(vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
                          intermediate_size=48, max_position_embeddings=32)

    def run(model):
        feeds = {"input_ids": tokens(64, 2, 9), "attention_mask": np.ones((2, 9), np.int64),
                 "token_type_ids": tokens(4, 2, 9) % 2}
        feeds["attention_mask"][1, 6:] = 0
        hidden = model(**{name: torch.tensor(value) for name, value in feeds.items()}).last_hidden_state
        return [("encode", feeds, {"last_hidden_state": hidden.numpy()})]
    return t.BertModel(config, add_pooling_layer=False), run


@case("vit")
def vit():
    import transformers as t
    config = t.ViTConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
                         image_size=24, patch_size=8, num_labels=5)

    def run(model):
        pixels = normal(2, 3, 24, 24)
        result = model(torch.tensor(pixels, dtype=torch.float64), output_hidden_states=True)
        hidden = model.vit(torch.tensor(pixels, dtype=torch.float64)).last_hidden_state
        return [("classify", {"pixel_values": pixels}, {"logits": result.logits.numpy()}),
                ("encode", {"pixel_values": pixels}, {"last_hidden_state": hidden.numpy()})]
    return t.ViTForImageClassification(config), run


# ---- encoders with decoders ----

def t5_of(**options):
    import transformers as t
    config = t.T5Config(vocab_size=64, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4,
                        relative_attention_num_buckets=8, relative_attention_max_distance=20, **options)

    def run(model):
        text, answer = tokens(64, 1, 22), tokens(64, 1, 14, seed=2)
        mask = np.ones((1, 22), np.int64)
        mask[0, 17:] = 0
        result = model(input_ids=torch.tensor(text), attention_mask=torch.tensor(mask), decoder_input_ids=torch.tensor(answer))
        hidden = {"last_hidden_state": result.encoder_last_hidden_state.numpy()}
        return [("encode", {"input_ids": text, "attention_mask": mask}, hidden),
                *decoding(result.logits.numpy(), answer, 10, np.int64)]
    return t.T5ForConditionalGeneration(config), run


@case("t5", source=32, context=16)
def t5():
    return t5_of(feed_forward_proj="relu")


@case("t5", source=32, context=16)
def t5_v1_1():
    return t5_of(feed_forward_proj="gated-gelu", tie_word_embeddings=False)


@case("whisper")
def whisper():
    import transformers as t
    config = t.WhisperConfig(vocab_size=64, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
                             decoder_attention_heads=2, encoder_ffn_dim=48, decoder_ffn_dim=48, num_mel_bins=16,
                             max_source_positions=20, max_target_positions=16, pad_token_id=0, bos_token_id=1,
                             eos_token_id=2, decoder_start_token_id=1)

    def run(model):
        sound, answer = normal(1, 16, 40), tokens(64, 1, 12)
        result = model(input_features=torch.tensor(sound, dtype=torch.float64), decoder_input_ids=torch.tensor(answer))
        hidden = {"last_hidden_state": result.encoder_last_hidden_state.numpy()}
        return [("encode", {"input_features": sound}, hidden), *decoding(result.logits.numpy(), answer, 8, np.int64)]
    return t.WhisperForConditionalGeneration(config), run


# ---- diffusion ----

def guided(scheduler, network, noise, guidance, steps, scale=1):
    """The way of a pipeline of diffusers: network(x, t) gives (noise without condition, with it)."""
    scheduler.set_timesteps(steps)
    x = torch.tensor(noise, dtype=torch.float64)
    for time in scheduler.timesteps:
        without, with_it = network(torch.cat([x, x]), time)
        x = scheduler.step(without + guidance * (with_it - without), time, x).prev_sample
    return x.numpy()


@case("unet", tokens=7)
def unet():
    import diffusers as d
    model = d.UNet2DConditionModel(
        sample_size=8, in_channels=4, out_channels=4, layers_per_block=2, block_out_channels=(16, 32),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=24, attention_head_dim=4, norm_num_groups=8)

    def run(model):
        noise, context, empty = normal(1, 4, 8, 8), normal(1, 7, 24, seed=2), normal(1, 7, 24, seed=3)
        double = lambda x: torch.tensor(x, dtype=torch.float64)  # noqa: E731
        once = model(double(noise), 321, double(context)).sample.numpy()
        both = torch.cat([double(empty), double(context)])
        scheduler = d.DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False,
                                    set_alpha_to_one=False, steps_offset=1)
        latents = guided(scheduler, lambda x, t: model(x, t, both).sample.chunk(2), noise, 3.0, 4)
        return [("predict", {"sample": noise, "timestep": np.array([321]), "context": context}, {"noise": once}),
                ("sample", {"noise": noise, "context": context, "empty": empty, "guidance": np.float32(3),
                            "steps": np.int32(4)}, {"latents": latents})]
    return model, run


@case("dit")
def dit():
    import diffusers as d
    model = d.DiTTransformer2DModel(sample_size=8, patch_size=2, in_channels=4, out_channels=8, num_layers=2,
                                    num_attention_heads=4, attention_head_dim=8, num_embeds_ada_norm=10)

    def run(model):
        noise, label = normal(1, 4, 8, 8), np.array([7])
        once = model(torch.tensor(noise, dtype=torch.float64), torch.tensor([321]), torch.tensor(label)).sample.numpy()
        labels = torch.tensor([10, 7])
        scheduler = d.DDIMScheduler(beta_start=0.0001, beta_end=0.02, beta_schedule="linear", clip_sample=False)
        network = lambda x, t: model(x, t.expand(2), labels).sample[:, :4].chunk(2)  # noqa: E731
        latents = guided(scheduler, network, noise, 2.0, 5)
        return [("predict", {"sample": noise, "timestep": np.array([321]), "label": label}, {"output": once}),
                ("sample", {"noise": noise, "label": label, "guidance": np.float32(2), "steps": np.int32(5)},
                 {"latents": latents})]
    return model, run


# ---- a real model ----

PROMPT, DECODED, KEPT = 256, 32, 64


def write_smollm2(path):
    """SmolLM2 in PyTorch's float32, its weights dequantised exactly: some logits of each position."""
    import transformers as t
    sys.path.insert(0, str(HERE.parent))
    import llama
    file = llama.Gguf(path)
    meta = {key.removeprefix("llama."): value for key, value in file.meta.items()}
    heads, groups = meta["attention.head_count"], meta["attention.head_count_kv"]
    vocab, width = file.table["token_embd.weight"][0]
    config = t.LlamaConfig(vocab_size=vocab, hidden_size=width, intermediate_size=meta["feed_forward_length"],
                           num_hidden_layers=meta["block_count"], num_attention_heads=heads,
                           num_key_value_heads=groups, rms_norm_eps=meta["attention.layer_norm_rms_epsilon"],
                           rope_theta=meta["rope.freq_base"], tie_word_embeddings=True,
                           rope_parameters={"rope_type": "default", "rope_theta": meta["rope.freq_base"]})

    def halves(w, count):
        """Rows as transformers turns them: halves of a head, not neighbours."""
        return w.reshape(count, -1, 2, w.shape[1]).swapaxes(1, 2).reshape(w.shape)

    state = {"model.embed_tokens.weight": file.tensor("token_embd.weight"), "model.norm.weight": file.tensor("output_norm.weight")}
    for layer in range(meta["block_count"]):
        at, to = f"blk.{layer}.", f"model.layers.{layer}."
        state[to + "self_attn.q_proj.weight"] = halves(file.tensor(at + "attn_q.weight"), heads)
        state[to + "self_attn.k_proj.weight"] = halves(file.tensor(at + "attn_k.weight"), groups)
        for name, other in (("attn_v", "self_attn.v_proj"), ("attn_output", "self_attn.o_proj"), ("ffn_gate", "mlp.gate_proj"),
                            ("ffn_up", "mlp.up_proj"), ("ffn_down", "mlp.down_proj"), ("attn_norm", "input_layernorm"),
                            ("ffn_norm", "post_attention_layernorm")):
            state[f"{to}{other}.weight"] = file.tensor(f"{at}{name}.weight")
    model = t.LlamaForCausalLM(config).eval()
    missing = model.load_state_dict({name: torch.tensor(value) for name, value in state.items()}, strict=False)
    assert not missing.unexpected_keys and missing.missing_keys in ([], ["lm_head.weight"]), missing
    model.tie_weights()
    ids = tokens(vocab, 1, PROMPT)
    result = model(input_ids=torch.tensor(ids), use_cache=True)
    rows = [result.logits[0].numpy()]
    for _ in range(DECODED):
        ids = np.append(ids, [[rows[-1][-1].argmax()]], 1)
        result = model(input_ids=torch.tensor(ids[:, -1:]), past_key_values=result.past_key_values, use_cache=True)
        rows.append(result.logits[0].numpy())
    logits = np.concatenate(rows)
    kept = np.sort(np.random.default_rng(2).choice(vocab, KEPT, replace=False))
    np.savez_compressed(HERE / "smollm2.npz", tokens=ids[0].astype(np.int32), prompt=PROMPT, kept=kept, logits=logits[:, kept],
                        argmax=logits.argmax(-1).astype(np.int32), least=logits.min(-1), most=logits.max(-1))
    print("smollm2:", logits.shape, "logits")


def write(name):
    program, settings, function = CASES[name]
    model, run = function()
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        loaded, shapes = saved(model, folder)
        config = json.loads((folder / "config.json").read_text())
    arrays, calls = {}, []
    for number, (entry, feeds, outputs) in enumerate(run(loaded)):
        calls.append(entry)
        arrays.update({f"{number}.in.{key}": value for key, value in feeds.items()})
        arrays.update({f"{number}.out.{key}": value.astype(np.float32) for key, value in outputs.items()})
    about = {"program": program, "settings": settings, "config": config, "shapes": shapes, "calls": calls}
    np.savez_compressed(HERE / f"{name}.npz", about=json.dumps(about), **arrays)
    print(f"{name}: {len(calls)} calls, {len(shapes)} weights, {(HERE / f'{name}.npz').stat().st_size} bytes")


if __name__ == "__main__":
    for name in sys.argv[1:] or CASES:
        write_smollm2(name) if name.endswith(".gguf") else write(name)
