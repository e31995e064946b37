# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which files of a repository make a model that the engine reads. Names are chosen, never taken as they come."""

import re

from places import Failure

# As the converters write them; of each group at least one is needed.
CTRANSLATE2 = (('model.bin',), ('config.json',), ('vocabulary.json', 'vocabulary.txt'))
CTRANSLATE2_BESIDES = ('tokenizer.json', 'preprocessor_config.json')
TRANSFORMERS = (('model.safetensors', 'model.safetensors.index.json'), ('config.json',), ('vocab.json', 'tokenizer.json'))
TRANSFORMERS_BESIDES = ('added_tokens.json', 'generation_config.json', 'merges.txt', 'normalizer.json', 'preprocessor_config.json',
                        'special_tokens_map.json', 'tokenizer_config.json')
SHARD = re.compile(r'model-\d{5}-of-\d{5}\.safetensors')


def chooseFile(listing, name):
    if name not in listing.files:
        raise Failure(f'{listing.repository} has no {name}, or the hub states no digest for it')
    return listing.files[name]


def chooseModel(listing):
    """The files of a CTranslate2 model, else of one in safetensors, as a list."""
    for needed, besides in ((CTRANSLATE2, CTRANSLATE2_BESIDES), (TRANSFORMERS, TRANSFORMERS_BESIDES)):
        if not any(name in listing.files for name in needed[0]):
            continue
        for names in needed:
            if not any(name in listing.files for name in names):
                raise Failure(f'{listing.repository} has no {" or ".join(names)}, or the hub states no digest for it')
        names = [name for group in needed for name in group] + list(besides)
        if needed is TRANSFORMERS and 'model.safetensors' in listing.files:
            names.remove('model.safetensors.index.json')
        elif needed is TRANSFORMERS:
            names += sorted(filter(SHARD.fullmatch, listing.files))
        return [listing.files[name] for name in names if name in listing.files]
    raise Failure(f'{listing.repository} has no model that the engine reads: neither model.bin (CTranslate2) nor '
                  f'model.safetensors; one file of it is named {listing.repository}/FILE.bin')
