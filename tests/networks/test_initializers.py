from itertools import islice

from keras_gen.networks.initializers import seeds


def first(network, seed, count=50):
    return list(islice(seeds(network, seed), count))


def test_seeds_are_those_of_every_former_run():
    # CRC-32, less 2^31 where above it, from outside Python: printf dcgan/generator/0/0 | gzip -c | tail -c8 | head -c4
    assert first("dcgan/generator", 0, 3) == [455326507, 1814334397, 4113422855 - 2**31]


def test_every_layer_network_and_seed_has_its_own():
    # 150 numbers below 2^31: a repetition has a probability of 5e-6, and these are always the same numbers.
    drawn = first("a", 0) + first("a", 1) + first("b", 0)
    assert len(set(drawn)) == 150
    assert all(0 <= seed < 2**31 for seed in drawn)
