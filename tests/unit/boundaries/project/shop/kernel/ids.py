def new_id():
    return 1
