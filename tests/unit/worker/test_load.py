"""What a worker says of its machine."""

from opdboard_worker.load import LoadMeter, gpus, read_gpus


def test_this_machine_has_a_load():
    meter = LoadMeter()
    meter.load()
    load = meter.load()
    assert 0 <= load["cpu"] <= 1
    assert 0 < load["memory_used"] < load["memory_total"]
    assert len(load["history"]) == 1  # two calls at once are one moment
    assert load["history"][0]["gpus"] == [gpu["utilisation"] for gpu in load["gpus"]]


def test_what_the_driver_prints_is_read():
    table = "0, NVIDIA H100 80GB HBM3, 87, 40536, 81559, 61\n1, GRID, [N/A], 12, 24, [N/A]\nNo devices were found\n"
    first, second = read_gpus(table)
    assert first == {
        "index": 0,
        "name": "NVIDIA H100 80GB HBM3",
        "utilisation": 0.87,
        "memory_used": 40536 * 2**20,
        "memory_total": 81559 * 2**20,
        "temperature": 61.0,
    }
    assert (second["index"], second["utilisation"], second["temperature"]) == (1, None, None)


def test_a_driver_that_is_gone_means_no_gpus():
    assert gpus("/nowhere/nvidia-smi") == []
