#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tree passes tools/check-layers, and each kind of planted violation is found."""

import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(os.environ['NPUSPEECH_SOURCE_ROOT'])
HEAD = '// SPDX-License-Identifier: LGPL-2.1-or-later\n'


def check(root):
    run = subprocess.run([ROOT / 'tools/check-layers', root], capture_output=True, text=True)
    return run.returncode, run.stdout


class CheckLayers(unittest.TestCase):
    def planted(self, path, text):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / path
            file.parent.mkdir(parents=True)
            file.write_text(text)
            return check(folder)

    def test_this_tree(self):
        status, output = check(ROOT)
        self.assertEqual(status, 0, output)
        self.assertGreater(int(output.split('\n')[-2].split()[0]), 25, output)

    def test_upward_includes(self):
        for path, include in [('base/a.cpp', 'kernels/variant.h'), ('kernels/k/k.cpp', 'npu/device.h'),
                              ('npu/cpu/a.cpp', 'speech/whisper/engine.h'), ('speech/model/a.h', 'npu/cpu/memory.h'),
                              ('speech/audio/a.cpp', 'gst/core/glue.h'), ('gst/text/a.cpp', 'kernels/variant.h'), ('gst/core/a.h', 'gst/text/translations.h'),
                              ('examples/a.cpp', 'base/log.h'), ('speech/text/a.h', 'speech/whisper/engine.h'),
                              ('speech/stream/a.h', 'speech/whisper/engine.h'), ('speech/model/a.h', 'speech/text/word.h'),
                              ('speech/audio/a.h', 'speech/stream/live_text.h'), ('speech/whisper/a.h', 'speech/audio/windower.h'),
                              ('speech/whisper/cpu/a.cpp', 'speech/session/live_session.h'), ('speech/stream/a.cpp', 'npu/device.h')]:
            status, output = self.planted(path, HEAD + f'\n#include "{include}"\n')
            self.assertEqual(status, 1, path)
            layer = '/'.join(path.split('/')[:2 if path.startswith(('speech/', 'gst/')) else 1])
            self.assertIn(f'{path}:3: {layer}/ may not include "{include}"', output)

    def test_downward_includes(self):
        for path, include in [('kernels/k/k.cpp', 'base/log.h'), ('speech/whisper/a.cpp', 'npu/device.h'),
                              ('speech/stream/a.h', 'speech/text/word.h'), ('speech/whisper/a.h', 'speech/stream/live_text.h'),
                              ('speech/session/a.h', 'speech/whisper/engine.h'), ('speech/session/a.h', 'speech/audio/windower.h'),
                              ('gst/text/a.cpp', 'speech/whisper/engine.h'), ('tests/a.cpp', 'gst/core/glue.h'),
                              ('examples/transcribe/a.cpp', 'options.h')]:
            self.assertEqual(self.planted(path, HEAD + f'#include "{include}"\n')[0], 0, path)

    def test_code_is_in_a_folder_of_the_table(self):
        for path in ['speech/a.cpp', 'speech/new/a.h', 'tools/a.cpp']:
            self.assertIn(f'{path}:1: its folder is none of', self.planted(path, HEAD)[1])
        self.assertEqual(self.planted('tools/a.py', '# ' + HEAD)[0], 0)

    def test_foreign_headers(self):
        for path, include in [('speech/text/a.cpp', 'glib.h'), ('tests/base/a.cpp', 'gst/gst.h'), ('base/a.h', 'fftw3.h'),
                              ('kernels/a.cpp', 'nlohmann/json.hpp')]:
            status, output = self.planted(path, HEAD + f'#  include <{include}>\n')
            self.assertEqual(status, 1, path)
            self.assertIn(f'{path}:2: <{include}> belongs in', output)
        self.assertEqual(self.planted('gst/text/a.cpp', HEAD + '#include <gst/gst.h>\n')[0], 0)
        self.assertEqual(self.planted('speech/text/a.cpp', HEAD + '#include <vector>\n')[0], 0)

    def test_licence_and_length(self):
        self.assertIn('gst/text/a.cpp:1: no "SPDX', self.planted('gst/text/a.cpp', '// A file\n')[1])
        self.assertIn('tools/a:1: no "SPDX', self.planted('tools/a', '#!/bin/sh\n')[1])
        self.assertIn('longer than 300', self.planted('gst/text/a.cpp', HEAD + '\n' * 300)[1])
        self.assertIn('longer than 400', self.planted('tests/base/a.cpp', HEAD + '\n' * 400)[1])
        self.assertEqual(self.planted('gst/text/a.cpp', HEAD + '// Longer than most because ...' + '\n' * 400)[0], 0)


if __name__ == '__main__':
    unittest.main(verbosity=2)
