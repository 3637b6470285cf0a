"""Arrays of strangers: what their headers say is held against what is there."""

import io
import zipfile

import numpy as np
import pytest

from steps_ros.data.array_reading import array_names, load_array, load_arrays


def header(shape, dtype='<f4'):
    stream = io.BytesIO()
    content = {'descr': dtype, 'fortran_order': False, 'shape': shape}
    np.lib.format.write_array_header_1_0(stream, content)
    return stream.getvalue()


def test_arrays_come_back(tmp_path):
    path = tmp_path / 'a.npz'
    np.savez_compressed(path, a=np.arange(6).reshape(2, 3), text=np.array('é'), none=np.zeros(0))
    assert array_names(path) == {'a', 'text', 'none'}
    arrays = load_arrays(path)
    assert arrays['a'].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert (str(arrays['text']), arrays['none'].shape) == ('é', (0,))
    assert list(load_arrays(path, ['a'])) == ['a']
    with pytest.raises(KeyError):
        load_arrays(path, ['b'])
    np.save(tmp_path / 'a.npy', np.asfortranarray(np.eye(3)))
    np.testing.assert_array_equal(load_array(tmp_path / 'a.npy'), np.eye(3))


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'\x93NUMPY\x01\x00',
        header((10**9, 10**9)) + bytes(16),
        header((-1,)) + bytes(16),
        header((10**15,), '|V0'),
        header((1,), '|O') + b'cos\nsystem\n',
        header((1,)).replace(b')', b' ').replace(b'}', b' ') + bytes(4),
        header((1,), ',f4') + bytes(4),
        b'cos\nsystem\n',
    ],
)
def test_headers_that_lie_are_value_errors(tmp_path, content):
    plain, packed = tmp_path / 'a.npy', tmp_path / 'a.npz'
    plain.write_bytes(content)
    with zipfile.ZipFile(packed, 'w') as archive:
        archive.writestr('a.npy', content)
    for read, path in ((load_array, plain), (load_arrays, packed)):
        with pytest.raises(ValueError, match=r'.') as caught:
            read(path)
        assert '\n' not in str(caught.value)


def test_damage_is_a_value_error(tmp_path):
    path = tmp_path / 'a.npz'
    np.savez_compressed(path, a=np.random.default_rng(0).random(1000))
    whole = path.read_bytes()
    for content in (whole[:-30], whole[:500] + bytes(500) + whole[1000:], b'PK'):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r'.'):
            load_arrays(path)


def test_what_an_array_takes_is_limited(tmp_path, monkeypatch):
    monkeypatch.setenv('STEPS_ROS_MAX_UNPACKED_BYTES', '1000')
    np.save(tmp_path / 'a.npy', np.zeros(1000))
    with pytest.raises(ValueError, match='STEPS_ROS_MAX_UNPACKED_BYTES'):
        load_array(tmp_path / 'a.npy')
