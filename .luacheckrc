-- SPDX-License-Identifier: Apache-2.0
std = 'lua54'
max_line_length = 100
include_files = { '**/*.lua', '.luacheckrc', '.busted' }
exclude_files = { 'build' }
files['**/*_spec.lua'] = { std = 'lua54+busted' }
files['packaging/config'] = { read_globals = { 'env', 'file', 'credential' } }
files['scripts'] = { read_globals = { 'hook' } }
