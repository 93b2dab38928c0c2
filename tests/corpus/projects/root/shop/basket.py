import accel


def total(prices):
    return accel.add(0, sum(prices))
